import { assert, assertEquals } from "@std/assert";
import { writeMicropayUri } from "../../src/protocol/micropay_uri.ts";
import { qrCode, type QrCodeLook, terminalQrCode } from "../../src/cli/qr_code.ts";
import { testWith } from "../installed_tool.ts";
import { inFolder } from "../pki/temporary_folder.ts";

const text = `micropay://[2001:db8::1]:8888/?ca=${"ab".repeat(32)}&token=AAECAwQFBgcICQoLDA0ODw`;

const black = "\x1b[38;5;16;48;5;231m";
const reset = "\x1b[0m";
const withoutColours = (line: string) => line.replaceAll(black, "").replaceAll(reset, "");

const looks: QrCodeLook[] = [true, false].flatMap((hasBlocks) =>
  [true, false].map((hasColours) => ({ columns: 200, rows: 100, hasBlocks, hasColours }))
);

Deno.test("a QR code has its own colours on each line, or no escape sequence at all", () => {
  for (const look of looks) {
    for (const line of qrCode(text, look)!.split("\n")) {
      const isColoured = line.startsWith(black) && line.endsWith(reset);
      assertEquals(isColoured, look.hasColours, line);
      assert(!withoutColours(line).includes("\x1b"), line);
    }
  }
});

Deno.test("a QR code is left out where it would be wider or higher than the terminal", () => {
  for (const look of looks) {
    const plain = qrCode(text, { ...look, hasColours: false })!;
    const columns = plain.split("\n")[0]!.length;
    assert(qrCode(text, { ...look, columns }));
    assertEquals(qrCode(text, { ...look, columns: columns - 1 }), undefined);
    // The prompt stands below the code.
    const rows = plain.split("\n").length + 1;
    assert(qrCode(text, { ...look, rows }));
    assertEquals(qrCode(text, { ...look, rows: rows - 1 }), undefined);
  }
});

Deno.test("the QR code of an invitation to three servers needs 57 columns and 30 rows, to eight 73 and 38", () => {
  const sizes = [3, 8].map((count) => {
    const hosts = Array.from({ length: count }, (_, at) => `pay${at}.example.org`);
    const servers = hosts.map((host) => ({ host, port: 8888 }));
    const uri = { kind: "join", servers, fingerprint: "ab".repeat(32) } as const;
    const lines = qrCode(
      writeMicropayUri({ ...uri, token: "AAECAwQFBgcICQoLDA0ODw" }),
      { columns: 73, rows: 38, hasBlocks: true, hasColours: false },
    )!.split("\n");
    return [lines[0]!.length, lines.length + 1];
  });
  assertEquals(sizes, [[57, 30], [73, 38]]);
});

Deno.test("a text that no QR code can hold has none", () => {
  assertEquals(qrCode("x".repeat(3000), { ...looks[0]!, columns: 1000 }), undefined);
});

Deno.test("the terminal and the environment decide how a QR code looks", () => {
  const shown = (columns: number | undefined, variables: Record<string, string>) => {
    const environment = (name: string) => variables[name];
    const size = columns === undefined ? undefined : { columns, rows: 100 };
    return terminalQrCode(text, { environment, outputSize: () => size });
  };
  const of = (hasBlocks: boolean, hasColours: boolean) =>
    qrCode(text, { columns: 200, rows: 100, hasBlocks, hasColours });
  assertEquals(shown(undefined, { LANG: "en_US.UTF-8" }), undefined);
  assertEquals(shown(200, { LANG: "en_US.UTF-8", TERM: "dumb" }), undefined);
  assertEquals(shown(200, { LANG: "en_US.UTF-8", TERM: "xterm" }), of(true, true));
  assertEquals(shown(200, { LANG: "C", LC_CTYPE: "C.utf8" }), of(true, true));
  assertEquals(shown(200, { LANG: "en_US.UTF-8", LC_ALL: "C" }), of(false, true));
  assertEquals(shown(200, { LANG: "en_US.UTF-8", NO_COLOR: "1" }), of(true, false));
  assertEquals(shown(200, {}), of(false, true));
});

testWith(["zbarimg"], "a scanner reads the text from each look of a QR code", async () => {
  await inFolder(async (folder) => {
    for (const look of looks) {
      const file = `${folder}/code.pgm`;
      await Deno.writeTextFile(file, picture(qrCode(text, look)!, look));
      const { stdout } = await new Deno.Command("zbarimg", {
        args: ["--quiet", "--raw", file],
        stderr: "null",
      }).output();
      assertEquals(new TextDecoder().decode(stdout), `${text}\n`, JSON.stringify(look));
    }
  });
});

/** Returns what a terminal shows as an image in PGM: on its dark background without colours. */
function picture(code: string, { hasBlocks, hasColours }: QrCodeLook): string {
  const drawn = hasColours ? 0 : 255;
  const lines = withoutColours(code).split("\n");
  const rows = lines.flatMap((line) =>
    (hasBlocks ? ["█▀", "█▄"] : ["#"]).map((inked) =>
      [...line].map((character) => inked.includes(character) ? drawn : 255 - drawn)
    )
  );
  const [width, height] = hasBlocks ? [4, 4] : [2, 4];
  const pixels = rows.map((row) => row.flatMap((pixel) => Array<number>(width).fill(pixel)))
    .flatMap((row) => Array<number[]>(height).fill(row));
  const [columns, count] = [pixels[0]!.length, pixels.length];
  return `P2\n${columns} ${count}\n255\n${pixels.map((row) => row.join(" ")).join("\n")}\n`;
}
