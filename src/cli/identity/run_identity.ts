/**
 * `micropay client identity`: shows, protects, exports and imports the accounts of a data folder,
 * without a server.
 */
import { SqliteWalletStore } from "../../client/sqlite/sqlite_wallet_store.ts";
import { DataFolder } from "../../client/wallet/data_folder.ts";
import { IdentityStore } from "../../client/wallet/identity_store.ts";
import { keptIdentities, keptIdentity } from "../../client/wallet/kept_identities.ts";
import { KeyOpener, lostPassphraseText } from "../../client/wallet/key_opener.ts";
import type { WalletStore } from "../../client/wallet/wallet_store.ts";
import { exportLines, importIdentity } from "../../client/wallet/identity_export.ts";
import { isThere } from "../../durable_files.ts";
import { UsageError } from "../../errors.ts";
import type { IdentityRequest } from "../command_line/command_line.ts";
import { platformDataHome } from "../data_home.ts";
import { type ExitCode, exitCodes } from "../exit_code.ts";
import { LineInput } from "../line_input.ts";
import { exportLinesIn, nameTaken, openExport, writeExport } from "./export_file.ts";
import { Passphrases } from "../passphrase.ts";
import type { ProcessIo } from "../process_io.ts";
import { type IdentityOutput, identityOutput } from "./output.ts";

type CommandNamed<Name> = Extract<IdentityRequest["command"], { readonly name: Name }>;

interface IdentityContext {
  readonly request: IdentityRequest;
  readonly folder: DataFolder;
  readonly store: WalletStore;
  readonly passphrases: Passphrases;
  readonly output: IdentityOutput;
  readonly say: (line: string) => void;
}

/** @throws {MicropayError} when a file cannot be read or written, or a passphrase is wrong */
export async function runIdentity(
  request: IdentityRequest,
  processIo: ProcessIo,
): Promise<ExitCode> {
  const { environment, print, say } = processIo;
  const home = request.home ?? platformDataHome({ os: Deno.build.os, environment });
  const folder = new DataFolder(home);
  const store = new SqliteWalletStore(folder.walletFile());
  const input = new LineInput(processIo.openInput());
  const passphrases = new Passphrases(request.passphraseFile, { ...processIo, input });
  const output = identityOutput({ json: request.json, print });
  try {
    await perform(request.command, { request, folder, store, passphrases, output, say });
    return exitCodes.ok;
  } finally {
    store.close();
    await input.close();
  }
}

async function perform(
  command: IdentityRequest["command"],
  context: IdentityContext,
): Promise<void> {
  const { folder, output } = context;
  switch (command.name) {
    case "list": {
      const identities = await keptIdentities(folder, choiceOf(context));
      for (const identity of identities) output.printIdentity(identity);
      if (identities.length === 0) context.say(`${folder.path} has no account`);
      return;
    }
    case "show":
      return await show(context);
    case "export":
      return await exportTo(command.file, command, context);
    case "import":
      return await importFrom(command.file, context);
    case "passphrase":
      return await changePassphrase(command, context);
  }
}

function choiceOf({ request: { as: account, fingerprint: ledger } }: IdentityContext) {
  return { account, ledger };
}

async function show(context: IdentityContext): Promise<void> {
  const { folder, output, store } = context;
  const identity = await keptIdentity(folder, choiceOf(context));
  const ledger = identity.anchor.fingerprint;
  const { outbox, receipts } = store.account(ledger, identity.account);
  output.printDetails(identity, {
    servers: await store.serversOf(ledger),
    receipts: await receipts.count(),
    orders: (await outbox.ids()).length,
    folder: folder.accountFolder(ledger, identity.account),
    file: store.file,
  });
}

async function changePassphrase(
  { remove, newPassphraseFile: file }: CommandNamed<"passphrase">,
  context: IdentityContext,
): Promise<void> {
  const { folder, output, passphrases, say } = context;
  if (remove && file !== undefined) {
    throw new UsageError(
      "change a passphrase: --remove and --new-passphrase-file exclude each other",
    );
  }
  const { account, anchor, isProtected, files } = await keptIdentity(folder, choiceOf(context));
  const keys = new KeyOpener(passphrases.ofKey);
  const identities = new IdentityStore(folder, anchor, keys);
  // First, so that nobody chooses a passphrase in vain.
  const path = folder.accountFolder(anchor.fingerprint, account);
  await keys.open(files.keyPem, { path, account });
  const what = `the key of ${account}`;
  const chosen = remove ? undefined : await passphrases.chosen(what, file ? { file } : {});
  if (remove && !isProtected) say(`${what} has no passphrase`);
  else await identities.protect(account, chosen);
  output.printProtected({ account, ledger: anchor.fingerprint, isProtected: !remove });
  if (!remove) say(`Remember it: ${lostPassphraseText(account)}`);
}

async function exportTo(
  file: string,
  { plain }: CommandNamed<"export">,
  context: IdentityContext,
): Promise<void> {
  const { folder, output, passphrases, store } = context;
  const identity = await keptIdentity(folder, choiceOf(context));
  const { account, anchor, files, isProtected } = identity;
  if (isThere(file)) throw nameTaken(file);
  let passphrase: string | undefined;
  if (!plain && isProtected) {
    const path = folder.accountFolder(anchor.fingerprint, account);
    const opened = await new KeyOpener(passphrases.ofKey).open(files.keyPem, { path, account });
    passphrase = opened.passphrase;
  } else if (!plain) passphrase = await passphrases.chosen(`the export of ${account}`);
  const counts = await writeExport(file, exportLines(identity, store), passphrase);
  const isEncrypted = passphrase !== undefined;
  output.printExported({ account, ledger: anchor.fingerprint, file, ...counts, isEncrypted });
}

async function importFrom(file: string, context: IdentityContext): Promise<void> {
  const { folder, output, passphrases, store } = context;
  const attempt = `import ${file}`;
  const opened = await openExport(file, passphrases);
  const keys = new KeyOpener(opened.askPassphrase);
  const lines = exportLinesIn(opened.parts, attempt);
  output.printImported(await importIdentity(lines, { folder, store, keys, attempt }));
}
