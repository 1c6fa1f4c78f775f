/**
 * `docs/limits.md` and the limits in the source say the same, and neither forgets one of the other's.
 */
import { assert, assertEquals } from "@std/assert";
import * as limits from "../src/limits.ts";

const root = new URL("../", import.meta.url);
const page = await Deno.readTextFile(new URL("docs/limits.md", root));

/** The rows of the page's tables that begin with a name. */
const rows = page.split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()).slice(1, -1))
  .filter(([first]) => first !== undefined && /^`\w+`$/.test(first))
  .map(([name, value, third, past]) => ({
    name: name!.slice(1, -1),
    value: value!,
    third: third!,
    past: past!,
  }));
const elsewhere = rows.filter(({ third }) => /^`src\/.*`$/.test(third));
const shared = rows.filter((row) => !elsewhere.includes(row));

Deno.test("limits: docs/limits.md has each limit of src/limits.ts, and no other", () => {
  assertEquals(shared.map(({ name }) => name).toSorted(), Object.keys(limits).toSorted());
});

for (const { name, value, third, past } of shared) {
  Deno.test(`limits: ${name} is ${value}, for a reason, and something happens past it`, () => {
    assertEquals(shown(name, limits[name as keyof typeof limits]), value);
    assert(third.length > 10, "a reason");
    assert(past.length > 0, "what happens");
  });
}

for (const { name, value, third } of elsewhere) {
  Deno.test(`limits: ${name} is ${value} in ${third}`, async () => {
    const module = await import(new URL(third.slice(1, -1), root).href);
    assertEquals(shown(name, module[name]), value);
  });
}

function shown(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.join(", ");
  assert(typeof value === "number", `${name} is a number`);
  return /Ms(Max|Min|Default)?$/.test(name) ? duration(value) : value.toLocaleString("en-US");
}

function duration(ms: number): string {
  const units = [["hour", 3_600_000], ["minute", 60_000], ["second", 1000]] as const;
  const unit = units.find(([, length]) => ms % length === 0);
  if (!unit) return `${ms} ms`;
  const count = ms / unit[1];
  return `${count} ${unit[0]}${count === 1 ? "" : "s"}`;
}
