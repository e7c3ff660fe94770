// Everything that the parts of the page share, handed down through Svelte's context.
import { createContext } from "svelte";
import { type Asking, clock } from "../api/ask";
import { Census } from "./census.svelte";
import { Finding } from "./finding.svelte";
import { Live } from "./live.svelte";
import { Address, momentOf } from "./place.svelte";
import { Taste } from "./taste.svelte";

export class PageState {
  taste = new Taste();
  address = new Address();
  live = new Live();
  census = new Census();
  finding = new Finding();
  /** Whether the first picture is there, so that there is time for what may be needed later. */
  isDrawn = $state(false);
  /** The city's time, by which ages are told. */
  now = $state(Date.now());
  /** This device's own time, by which the page waits. */
  device = $state(Date.now());

  tenant = $derived(this.address.place.tenant);
  context = $derived(this.address.place.context);

  /** The instant of the past that the map shows, as a date-time; empty where it shows the present. */
  moment = $derived(this.address.place.view === "map" ? momentOf(this.address.place.then) : "");

  asking(): Asking {
    return { tenant: this.tenant, language: this.taste.language, context: this.context };
  }

  /** In the same way for what is looked at: it is read as of the instant that is shown. */
  seeing(): Asking {
    return { ...this.asking(), asOf: this.moment };
  }

  /** The city's time at this moment. */
  cityTime(): number {
    return Date.now() + clock.aheadMs;
  }

  tick(): void {
    this.device = Date.now();
    this.now = this.cityTime();
  }
}

export const [usePage, providePage] = createContext<PageState>();
