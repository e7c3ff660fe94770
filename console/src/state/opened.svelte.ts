// The entity that is open, kept as fresh as the live feed tells.
import type { Asking } from "../api/ask";
import { retrieveEntity } from "../api/city";
import type { Entity } from "../api/entity";
import { Loaded } from "./loaded.svelte";

export class Opened {
  /** A value of null inside: there is no such entity (any more). */
  entity = new Loaded<{ found: Entity | null }>();
  /** The attributes that changed under the reader's eyes, with how often. */
  fresh = $state.raw<ReadonlyMap<string, number>>(new Map());
  wasThere = $state(false);

  #before: Map<string, string> | null = null;

  async load(id: string, asking: Asking): Promise<void> {
    await this.entity.load(async () => {
      const found = await retrieveEntity(id, asking);
      this.#compare(found);
      return { found };
    });
  }

  #compare(entity: Entity | null): void {
    if (!entity) return;
    this.wasThere = true;
    const now = new Map(entity.attributes.map(({ name }) => [name, JSON.stringify(entity.json[name])]));
    if (this.#before) {
      const fresh = new Map(this.fresh);
      for (const [name, text] of now) {
        if (this.#before.get(name) !== text) fresh.set(name, (fresh.get(name) ?? 0) + 1);
      }
      this.fresh = fresh;
    }
    this.#before = now;
  }
}
