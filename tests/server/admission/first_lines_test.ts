/**
 * The rate at which first lines of an address are opened.
 */
import { assertEquals } from "@std/assert";
import { strangerLineEveryMs, strangerLinesAtOnce } from "../../../src/limits.ts";
import { FirstLines } from "../../../src/server/admission/first_lines.ts";
import { ManualClock } from "../../manual_clock.ts";

class Lines {
  readonly clock = new ManualClock();
  readonly lines = new FirstLines({ clock: this.clock });
  readonly opened: number[] = [];
  #count = 0;

  async come(count: number, address = "a"): Promise<number[]> {
    for (let one = 0; one < count; one++) {
      const number = this.#count++;
      this.lines.take(address).then(() => this.opened.push(number));
    }
    return await this.takeOpened();
  }

  async takeOpened(): Promise<number[]> {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    return this.opened.splice(0);
  }
}

Deno.test("first lines: a fixed number is opened at once, then one in each interval, in the order of arrival", async () => {
  const lines = new Lines();
  assertEquals((await lines.come(strangerLinesAtOnce + 3)).length, strangerLinesAtOnce);
  lines.clock.advance(strangerLineEveryMs - 1);
  assertEquals(await lines.takeOpened(), []);
  lines.clock.advance(1);
  assertEquals(await lines.takeOpened(), [strangerLinesAtOnce]);
  lines.clock.advance(2 * strangerLineEveryMs);
  assertEquals(await lines.takeOpened(), [strangerLinesAtOnce + 1, strangerLinesAtOnce + 2]);
  assertEquals(lines.clock.pending, 0);
});

Deno.test("first lines: each address has a rate of its own", async () => {
  const lines = new Lines();
  await lines.come(strangerLinesAtOnce + 1);
  assertEquals((await lines.come(1, "b")).length, 1);
});

Deno.test("first lines: those that prove a member do not count, however many there are", async () => {
  const lines = new Lines();
  await lines.come(strangerLinesAtOnce);
  for (let member = 0; member < 1000; member++) {
    lines.lines.giveBack("a");
    assertEquals((await lines.come(1)).length, 1);
  }
});

Deno.test("first lines: a waiting line is opened when an earlier one proves a member", async () => {
  const lines = new Lines();
  assertEquals((await lines.come(strangerLinesAtOnce + 2)).length, strangerLinesAtOnce);
  lines.lines.giveBack("a");
  assertEquals((await lines.takeOpened()).length, 1);
  lines.lines.giveBack("a");
  assertEquals((await lines.takeOpened()).length, 1);
  assertEquals(lines.clock.pending, 0);
});
