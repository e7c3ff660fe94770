// Everything that the parts of the page share, handed down through Svelte's context.
import { createContext } from "svelte";
import { type Asking, clock } from "../api/ask";
import { Census } from "./census.svelte";
import { Courses } from "./courses";
import { Finding } from "./finding.svelte";
import { Live } from "./live.svelte";
import { Address } from "./place.svelte";
import { Taste } from "./taste.svelte";

export class PageState {
  taste = new Taste();
  address = new Address();
  live = new Live();
  census = new Census();
  finding = new Finding();
  courses = new Courses();
  /** Whether the first picture is there, so that there is time for what may be needed later. */
  isDrawn = $state(false);
  /** The city's time, by which ages are told. */
  now = $state(Date.now());
  /** This device's own time, by which the page waits. */
  device = $state(Date.now());

  tenant = $derived(this.address.place.tenant);
  context = $derived(this.address.place.context);

  asking(): Asking {
    return { tenant: this.tenant, language: this.taste.language, context: this.context };
  }

  tick(): void {
    this.device = Date.now();
    this.now = this.device + clock.aheadMs;
  }
}

export const [usePage, providePage] = createContext<PageState>();
