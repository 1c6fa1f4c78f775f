import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Key } from "../../../../src/cli/client/screen/key.ts";
import type { TextField } from "../../../../src/cli/client/screen/screen_state.ts";
import {
  editField,
  fieldLengthMax,
  graphemesOf,
  textField,
} from "../../../../src/cli/client/screen/text_field.ts";
import { codePoint } from "../../../code_point.ts";

type NamedKey = Exclude<Key["name"], "text">;

const edit = (field: TextField, ...keys: readonly (NamedKey | { readonly text: string })[]) =>
  keys.reduce<TextField>(
    (edited, key) =>
      editField(edited, typeof key === "string" ? { name: key } : { name: "text", ...key }) ??
        edited,
    field,
  );

/** Returns the text with a bar where the cursor stands. */
const shown = ({ text, cursor }: TextField) => {
  const characters = graphemesOf(text);
  return [...characters.slice(0, cursor), "|", ...characters.slice(cursor)].join("");
};

const field = (text: string) => textField("Memo", { text });

Deno.test("a field takes typed text where its cursor stands", () => {
  assertEquals(shown(edit(field("lnch"), "home", "right", { text: "u" })), "lu|nch");
  assertEquals(shown(edit(field(""), { text: "a" }, { text: "b" })), "ab|");
});

Deno.test("a field deletes characters, words and the start of the line", () => {
  assertEquals(shown(edit(field("abc"), "left", "backspace")), "a|c");
  assertEquals(shown(edit(field("abc"), "ctrl a", "delete")), "|bc");
  assertEquals(shown(edit(field("for the lunch  "), "ctrl w")), "for the |");
  assertEquals(shown(edit(field("for the lunch"), "left", "left", "ctrl u")), "|ch");
  assertEquals(shown(edit(field(""), "backspace", "delete", "ctrl w", "left", "right")), "|");
});

Deno.test("the cursor moves over what a person sees as one character", () => {
  const family = "👨‍👩‍👧";
  assertEquals(shown(edit(field(`a${family}e\u0301`), "left", "left")), `a|${family}e\u0301`);
  assertEquals(shown(edit(field(`a${family}`), "backspace")), "a|");
  // A mark joins the letter before it.
  assertEquals(edit(field("e"), { text: "\u0301" }).cursor, 1);
});

Deno.test("a pasted text becomes one line without controls or direction marks", () => {
  assertEquals(edit(field(""), { text: "one\r\ntwo\tthree\n" }).text, "one two three");
  assertEquals(edit(field(""), { text: "\x1b[31mred\u202e\x07" }).text, "[31mred");
  assertEquals(edit(field("a"), { text: "x".repeat(9000) }).text.length, fieldLengthMax);
});

Deno.test("Tab completes to what all fitting completions share, and is no key of the field otherwise", () => {
  const completions = ["bob", "carol", "caroline", "dave"];
  const typed = (text: string) => ({ ...textField("To", { text, completions }), cursor: 0 });
  assertEquals(shown(editField(typed("b"), { name: "tab" })!), "bob|");
  assertEquals(shown(editField(typed("c"), { name: "tab" })!), "carol|");
  assertEquals(editField(typed("carol"), { name: "tab" }), undefined);
  assertEquals(editField(typed("x"), { name: "tab" }), undefined);
});

Deno.test("a secret stays secret after every key, and a fault goes with the first change", () => {
  const secret = { ...field(""), isSecret: true, fault: "too short" };
  const typed = edit(secret, { text: "hush" }, "left", "backspace", "ctrl u");
  assertEquals([typed.isSecret, typed.fault], [true, undefined]);
  assertEquals(edit(secret, "left").fault, "too short");
});

Deno.test("a field leaves Enter, Escape, up and down to its form", () => {
  for (const name of ["enter", "escape", "up", "down", "shift tab", "ctrl c"] as const) {
    assertEquals(editField(field("a"), { name }), undefined, name);
  }
});

Deno.test("a change removes the fault, and moving the cursor does not", () => {
  const faulty = { ...field("0"), fault: "an amount is a whole number from 1" };
  assertEquals(edit(faulty, { text: "5" }).fault, undefined);
  assertEquals(edit(faulty, "left").fault, faulty.fault);
});

Deno.test("whatever keys come, the cursor stays within the text", () => {
  const key = fc.oneof(
    fc.constantFrom<NamedKey>(
      ...[
        "backspace",
        "delete",
        "left",
        "right",
        "home",
        "end",
        "tab",
        "ctrl u",
        "ctrl w",
      ] as const,
    ),
    fc.record({ text: fc.string({ unit: codePoint, maxLength: 20 }) }),
  );
  fc.assert(fc.property(fc.array(key, { maxLength: 12 }), (keys) => {
    const { text, cursor } = edit(textField("To", { completions: ["bob", "e\u0301"] }), ...keys);
    assert(cursor >= 0 && cursor <= graphemesOf(text).length);
    assert(!/[\p{Cc}\p{Bidi_Control}\p{Cs}]/u.test(text));
  }));
});
