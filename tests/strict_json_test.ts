/**
 * Which JSON is accepted from outside.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { jsonDepthMax, jsonLengthMax, parseJsonObject } from "../src/strict_json.ts";
import { codePoint } from "./code_point.ts";

const refused: readonly { readonly title: string; readonly text: string }[] = [
  { title: "nothing", text: "" },
  { title: "text that is no JSON", text: "{" },
  { title: "two documents", text: "{}{}" },
  { title: "a comma too many", text: '{"a":1,}' },
  { title: "a comment", text: "{}//" },
  { title: "single quotes", text: "{'a':1}" },
  { title: "a number", text: "1" },
  { title: "a string", text: '"{}"' },
  { title: "null", text: "null" },
  { title: "an array", text: "[{}]" },
  { title: "a member twice", text: '{"a":1,"a":1}' },
  { title: "a member twice, not side by side", text: '{"a":1,"b":2,"a":3}' },
  { title: "a member twice in an inner object", text: '{"x":{"a":1,"a":2}}' },
  { title: "a member twice in an object in an array", text: '{"x":[1,{"a":1,"a":2}]}' },
  { title: "a member twice after an inner object", text: '{"a":{"b":1},"a":2}' },
  { title: "a member twice, once escaped", text: '{"a":1,"\\u0061":2}' },
  { title: "a member twice, escaped in two ways", text: '{"\\u000a":1,"\\n":2}' },
  { title: "an empty name twice", text: '{"":1,"":2}' },
  { title: "a name with a quote twice", text: '{"\\"":1,"\\"":2}' },
  { title: "__proto__ twice", text: '{"__proto__":1,"__proto__":2}' },
  { title: "a byte order mark", text: "\ufeff{}" },
  { title: "a control character in a string", text: '{"a":"\n"}' },
];

const spellings = {
  refused: [
    "1.0",
    "1.5",
    "0.0",
    "-0",
    "-0.0",
    "-1.0",
    "1e0",
    "1E0",
    "1e+0",
    "10e-1",
    "1e1",
    "-1e1",
    "0e0",
    "0.99999999999999999999",
    "1e400",
    "+1",
    "01",
    "-01",
    ".5",
    "1.",
    "0x1",
    "- 1",
    "Infinity",
    "NaN",
  ],
  taken: ["0", "1", "-1", "10", "-10", "1000000000", "9007199254740991", "-9007199254740991"],
};

/** Every place of a number. */
const places: readonly ((number: string) => string)[] = [
  (number) => `{"a":${number}}`,
  (number) => `{"a": ${number} ,"b":1}`,
  (number) => `{"a":[${number}]}`,
  (number) => `{"a":["x",\t${number}\n,1]}`,
  (number) => `{"a":{"b":${number}}}`,
];

for (const number of spellings.refused) {
  Deno.test(`the number ${number} is refused in any place`, () => {
    for (const place of places) assertEquals(parseJsonObject(place(number)), undefined);
  });
}

for (const number of spellings.taken) {
  Deno.test(`accepted in any place: the number ${number}`, () => {
    for (const place of places) {
      assertEquals<unknown>(parseJsonObject(place(number)), JSON.parse(place(number)));
    }
  });
}

Deno.test("a string or name that looks like a number is accepted", () => {
  for (const number of spellings.refused) {
    const text = JSON.stringify({ [number]: number, list: [number, `"${number}`] });
    assertEquals<unknown>(parseJsonObject(text), JSON.parse(text));
  }
});

for (const { title, text } of refused) {
  Deno.test(`refused: ${title}`, () => {
    assertEquals(parseJsonObject(text), undefined);
    assertEquals(parseJsonObject(new TextEncoder().encode(text)), undefined);
  });
}

const taken: readonly { readonly title: string; readonly text: string }[] = [
  { title: "an empty object", text: "{}" },
  { title: "white space around", text: ' \t\r\n{ "a" : [ 1 , null , true ] } ' },
  { title: "one name in two objects", text: '{"a":{"a":1},"b":{"a":2}}' },
  { title: "one name in neighbours of an array", text: '{"x":[{"a":1},{"a":2}]}' },
  { title: "a value that spells a member's name", text: '{"a":"a","b":"a"}' },
  { title: "a string that looks like members", text: '{"a":"{\\"b\\":1,\\"b\\":2}","b":":"}' },
  { title: "a string that ends in a backslash", text: '{"a":"\\\\","b":"\\\\"}' },
  { title: "names that differ in case", text: '{"a":1,"A":2}' },
];

for (const { title, text } of taken) {
  Deno.test(`accepted: ${title}`, () => {
    assertEquals<unknown>(parseJsonObject(text), JSON.parse(text));
    assertEquals<unknown>(parseJsonObject(new TextEncoder().encode(text)), JSON.parse(text));
  });
}

Deno.test("property: an object is accepted with unique names, and refused with any member repeated", () => {
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 4 }, fc.string(), fc.maxSafeInteger(), tie("object"), tie("array")),
    object: fc.dictionary(fc.string({ unit: codePoint }), tie("any"), { maxKeys: 4 }),
    array: fc.array(tie("any"), { maxLength: 3 }),
  })).object;
  fc.assert(fc.property(value, fc.nat(), (object, at) => {
    const text = JSON.stringify(object);
    fc.pre(!/[^\d]-0[^\d]/.test(text));
    assertEquals<unknown>(parseJsonObject(text), JSON.parse(text));
    const names = Object.keys(object as object);
    if (names.length === 0) return;
    const again = JSON.stringify(names[at % names.length]);
    assertEquals(parseJsonObject(`${text.slice(0, -1)},${again}:1}`), undefined);
    assertEquals(parseJsonObject(`{${again}:1,${text.slice(1)}`), undefined);
    assertEquals(parseJsonObject(`{"x":[1,${text.slice(0, -1)},${again}:1}]}`), undefined);
  }));
});

Deno.test("invalid bytes do not affect the next document", () => {
  assertEquals(parseJsonObject(Uint8Array.of(0x7b, 0xe2, 0x82)), undefined);
  assertEquals<unknown>(parseJsonObject(new TextEncoder().encode('{"a":1}')), { a: 1 });
});

const damaged: readonly { readonly title: string; readonly inside: readonly number[] }[] = [
  { title: "a byte that no character starts with", inside: [0xff] },
  { title: "a character cut short", inside: [0xc3] },
  { title: "an overlong spelling", inside: [0xc0, 0xa2] },
  { title: "an encoded surrogate", inside: [0xed, 0xa0, 0x80] },
];

for (const { title, inside } of damaged) {
  Deno.test(`refused as UTF-8: ${title}`, () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('{"a":"'), ...inside, 0x22, 0x7d]);
    assertEquals(parseJsonObject(bytes), undefined);
  });
}

Deno.test("__proto__ is a member like any other, and changes no prototype", () => {
  const parsed = parseJsonObject('{"__proto__":{"admin":true}}')!;
  assertEquals(Object.hasOwn(parsed, "__proto__"), true);
  assertEquals(parsed.admin, undefined);
});

for (const [open, close] of [['{"a":', "}"], ["[", "]"]] as const) {
  // The document itself is the first level.
  const nested = (depth: number) => `{"a":${open.repeat(depth - 1)}1${close.repeat(depth - 1)}}`;

  Deno.test(`nesting of ${open} is accepted at the limit and refused one past it`, () => {
    assertEquals(parseJsonObject(nested(jsonDepthMax)) !== undefined, true);
    assertEquals(parseJsonObject(nested(jsonDepthMax + 1)), undefined);
  });
}

for (const unit of ["x", "\\n"]) {
  Deno.test(`a document full of ${unit} is accepted at the greatest length and refused one past it`, () => {
    const room = jsonLengthMax - '{"a":""}'.length;
    const longest = `{"a":"${unit.repeat(room / unit.length)}"}`;
    assertEquals(longest.length, jsonLengthMax);
    for (
      const encode of [(text: string) => text, (text: string) => new TextEncoder().encode(text)]
    ) {
      assertEquals(parseJsonObject(encode(longest)) !== undefined, true);
      assertEquals(parseJsonObject(encode(longest + " ")), undefined);
    }
  });
}

Deno.test("nesting that would exhaust a stack is refused, not fatal", () => {
  assertEquals(parseJsonObject(`{"a":${"[".repeat(1_000_000)}`), undefined);
  assertEquals(parseJsonObject(`{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`), undefined);
});

Deno.test("an object with integers is read back from JSON.stringify", () => {
  const value = fc.jsonValue({ maxDepth: jsonDepthMax - 2 });
  fc.assert(fc.property(fc.dictionary(fc.string(), value), (object) => {
    const text = JSON.stringify(object, (_, part) => {
      return typeof part === "number" ? Math.trunc(part % Number.MAX_SAFE_INTEGER) : part;
    });
    assertEquals<unknown>(parseJsonObject(text), JSON.parse(text));
  }));
});

Deno.test("a number from JSON.stringify is accepted exactly when it has only digits", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
    const text = JSON.stringify(number);
    const isTaken = parseJsonObject(`{"a":${text}}`) !== undefined;
    assertEquals(isTaken, /^-?\d+$/.test(text));
  }));
});

Deno.test("a repeated member is found anywhere", () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(fc.property(fc.string(), value, value, fc.nat(3), (name, first, second, depth) => {
    const [key, one, two] = [name, first, second].map((part) => JSON.stringify(part));
    const object = `{${key}:${one},${key}:${two}}`;
    assertEquals(parseJsonObject('{"x":'.repeat(depth) + object + "}".repeat(depth)), undefined);
  }));
});
