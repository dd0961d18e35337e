import { expect, it } from "vitest";
import { EventStream } from "../../../src/session/event-stream.ts";

it("keeps its newest events, and the answers of a batch however early they came", () => {
  const stream = new EventStream("s", { events: 3, length: 10_000 });
  stream.add("first answer", true);
  for (let i = 1; i <= 10; i++) stream.add(`progress ${i}`, false);
  stream.add("last answer", true);
  expect(stream.text().match(/data: .+/g)).toEqual(["data: first answer", "data: progress 10", "data: last answer"]);
});

it("keeps the newest event, whatever its size", () => {
  const stream = new EventStream("s", { events: 3, length: 100 });
  for (const letter of ["a", "b"]) stream.add(letter.repeat(200), false);
  expect(stream.text().match(/data: ./g)).toEqual(["data: b"]);
});

it("keeps answers that are longer than all that may be kept", () => {
  const stream = new EventStream("s", { events: 3, length: 100 });
  for (const letter of ["a", "b"]) stream.add(letter.repeat(200), true);
  expect(stream.text().match(/data: ./g)).toEqual(["data: a", "data: b"]);
});
