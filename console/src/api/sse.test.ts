// Server-Sent Events, however the wire cuts them.
import { expect, it } from "vitest";
import { EventReader, type ServerEvent } from "./sse";

const STREAM =
  'retry: 2000\n\n:\n\nid: 7\nevent: change\ndata: {"a":1}\n\nid: 8\r\nevent: change\r\ndata: one\r\ndata:two\r\n\r\ndata: 街\n\n';
const EVENTS: ServerEvent[] = [
  { id: "7", name: "change", data: '{"a":1}' },
  { id: "8", name: "change", data: "one\ntwo" },
  { id: "8", name: "message", data: "街" },
];

it("reads events, comments and all kinds of line ends", () => {
  expect(new EventReader().read(STREAM)).toEqual(EVENTS);
});

it("gives the same events wherever the stream is cut", () => {
  for (let first = 0; first <= STREAM.length; first += 1) {
    const reader = new EventReader();
    const events = [...reader.read(STREAM.slice(0, first)), ...reader.read(STREAM.slice(first))];
    expect(events, `cut at ${first}`).toEqual(EVENTS);
  }
  const reader = new EventReader();
  expect([...STREAM].flatMap((piece) => reader.read(piece))).toEqual(EVENTS);
});

it("gives nothing for an event without data or without its end", () => {
  expect(new EventReader().read("event: change\n\nid: 1\n\n")).toEqual([]);
  expect(new EventReader().read("data: half\n")).toEqual([]);
});
