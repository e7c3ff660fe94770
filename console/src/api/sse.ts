// Server-Sent Events as text (the HTML standard §9.2), read piece by piece as they come over the wire.
export interface ServerEvent {
  id: string;
  name: string;
  data: string;
}

export class EventReader {
  #rest = "";
  #id = "";
  #name = "";
  #data: string[] = [];

  /** Takes the next piece of the stream and gives the events that are complete now. */
  read(piece: string): ServerEvent[] {
    // A line may end in CR LF, and the two may come apart: a last CR waits for what follows.
    const text = this.#rest + piece;
    const isTorn = text.endsWith("\r");
    const lines = (isTorn ? text.slice(0, -1) : text).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + (isTorn ? "\r" : "");
    const events: ServerEvent[] = [];
    for (const line of lines) {
      const event = line === "" ? this.#end() : this.#field(line);
      if (event) events.push(event);
    }
    return events;
  }

  #field(line: string): null {
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return null;
  }

  #end(): ServerEvent | null {
    const event = { id: this.#id, name: this.#name || "message", data: this.#data.join("\n") };
    const hasData = this.#data.length > 0;
    this.#name = "";
    this.#data = [];
    return hasData ? event : null;
  }
}
