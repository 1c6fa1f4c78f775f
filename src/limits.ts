/**
 * Everything has a limit, with its reason. `deno task limits` writes `docs/limits.md` from the headings and
 * docstrings here. A limit that is a fact of one concept stands with it (`money.ts`, `memo.ts`,
 * `account_name.ts`).
 */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

// ## On the wire

/**
 * Bytes of one line on the wire, its newline not counted. Wire format: both ends must agree. Large
 * enough for a page of history with receipts, small enough that a thousand connections in mid-line
 * are 64 MiB. Past it: the connection is closed when one byte more has come, newline or not.
 */
export const lineBytesMax = 64 * 1024;

/**
 * Bytes of the JSON body of one message. A body grows by 4/3 twice (JWS in JWE) and by signature,
 * certificate chain and headers, about 6 KiB at the most: 32 KiB stays within a line. Past it: a
 * page gets shorter; nothing else is that long.
 */
export const bodyBytesMax = 32 * 1024;

/**
 * Rows of a reply that lists things; the sender also stops at {@link bodyBytesMax}, so a page may
 * be shorter. Past it: a request for more is refused with 410; a page says that there is more.
 */
export const pageRowsMax = 200;

/**
 * Bytes of the compact JWS of one order: header with a certificate, payload with the longest memo.
 * Past it: refused before it is looked at.
 */
export const orderBytesMax = 12 * 1024;

/**
 * Orders of one `submit`. The reply with a receipt for each fits a line, even where all names and
 * amounts are long and the server's certificate is {@link certificateBytesMax}. To verify, book and
 * answer so many costs about as much as opening two messages. Past it: refused with 410.
 */
export const ordersPerSubmitMax = 25;

/** Certificates in a chain: the leaf and the root. Past it: refused. */
export const chainCertificatesMax = 2;

/**
 * Bytes of one certificate or certificate request in DER. Ours take about 500. Past it: refused
 * before it is parsed.
 */
export const certificateBytesMax = 4096;

/**
 * Sizes of the RSA-OAEP session keys, in bits. Past it: a session key of another size is refused.
 */
export const rsaBitsChoices = [2048, 3072, 4096] as const;
export type RsaBits = (typeof rsaBitsChoices)[number];

/**
 * How long a greeting may be used. A client that connects reads it at once; the hour is for a slow
 * network and for clocks that differ. An old greeting replayed later only announces a key whose
 * private half is gone. Past it: a client does not trust the greeting.
 */
export const greetingLifetimeMs = 1 * hour;

/**
 * How far two parties' clocks may differ where a time on the wire is checked against one's own.
 * Past it: a client does not trust the greeting.
 */
export const clockDifferenceMsMax = 2 * hour;

/**
 * Entries in one page of a history. A row takes at least 2 KiB, so a line has no room for more.
 * Past it: the page says that there is more.
 */
export const historyPageEntriesMax = 16;

/**
 * Digests in one page of the chain. Each takes 43 characters of base64url and JSON's comma and
 * quotes: a page takes 28 KiB. Past it: the page says that there is more.
 */
export const chainDigestsMax = 600;

// ## Time for each phase

/**
 * How long the server waits for the first message. Nobody knows yet who it is: a minute is enough
 * to type a name, or to compare a fingerprint. Past it: closed.
 */
export const firstMessageTimeoutMs = 1 * minute;

/**
 * What takes the place of {@link firstMessageTimeoutMs} and {@link applicantTimeoutMs} where
 * strangers press: more than half of {@link strangersMax} are there, or of {@link
 * strangersOfAddressMax} from one address. A program says its first message at once; a person who
 * takes longer connects again. Past it: closed.
 */
export const pressedTimeoutMs = 5 * second;

/**
 * How long a client uses a connection that it has said nothing on: the server may be pressed, and
 * close it. Past it: the client takes a new connection.
 */
export const unusedConnectionMsMax = 2 * second;

/**
 * How long somebody who is no member may stay: enough to register, over the slowest network. Past
 * it: closed, whatever it sends.
 */
export const applicantTimeoutMs = 1 * minute;

/**
 * How long a member may say nothing before it is asked whether it is there. One decryption a
 * member in this time. Past it: the server pushes `ping`.
 */
export const memberIdleMs = 2 * minute;

/**
 * How long a member's answer to `ping` may take. A member whose machine lost power is offline
 * after {@link memberIdleMs} and this. Past it: closed, the member taken offline, permit given
 * back.
 */
export const pongTimeoutMs = 30 * second;

/**
 * How long a client goes without a word from its server before it takes it for gone. A server that
 * is there asks after {@link memberIdleMs}; twice the time for an answer is for a slow network and
 * a server with much to do. Past it: the client closes the connection and says so.
 */
export const serverSilenceMsMax = memberIdleMs + 2 * pongTimeoutMs;

/**
 * How often a waiting member is told its place when the place stays the same. It knows by that
 * that the server is there.
 */
export const waitingRepeatMs = 10 * second;

/**
 * How soon after one notice of its place a waiting member gets the next, when the place has
 * changed. Each notice is sealed for one member. Before it: the newest place is told later.
 */
export const waitingChangeMs = 1 * second;

/**
 * How long a client waits for the next notice of its place: a few of them may be late. Past it:
 * the client takes the server for gone and gives up.
 */
export const waitingSilenceMsMax = 45 * second;

/**
 * How long one line may take from its first byte to its newline. 64 KiB in this time is 2 KiB a
 * second. Past it: closed.
 */
export const lineTimeoutMs = 30 * second;

/**
 * How long a write may wait for the other side to read. Past it: the other side is taken for dead;
 * closed, and nothing is sealed for it any more.
 */
export const writeTimeoutMs = 10 * second;

/**
 * How long a person's client waits for an answer, unless told otherwise (`--timeout`). Past it:
 * the client gives up; a payment's outcome is asked for.
 */
export const answerTimeoutMsDefault = 10 * second;

/**
 * How long a payee's client waits for the order after it accepted a peer, and for the server's
 * answer to its submit. Past it: the payee closes.
 */
export const peerTimeoutMs = 10 * second;

/**
 * How long the server finishes what is under way after SIGINT, SIGTERM or SIGHUP. Past it: what is
 * left is cut off; an order is booked or not, never by halves.
 */
export const shutdownGraceMs = 5 * second;

/**
 * How long a client waits for another program that writes its `wallet.db`. A commit takes
 * milliseconds; a person's `sqlite3` may hold it for ever. The wait stops the whole client. Past
 * it: nothing is kept, and the error says which program to end.
 */
export const walletLockWaitMs = 5 * second;

/**
 * How soon a server notices what another process did to its ledger. One cheap question each time.
 */
export const ledgerWatchMs = 1 * second;

/**
 * Days before the end of a certificate at which the server says so, most first: rarely while there
 * is time, often when there is not.
 */
export const expiryWarningDays: readonly number[] = [30, 14, 7, 3, 1];

/**
 * How often the server looks how long its certificates last. The system cannot be asked to wake it
 * in 30 days.
 */
export const expiryCheckMs = 1 * hour;

// ## Numbers of connections and messages

/**
 * Connections of strangers, who have not proved a member. Each holds a socket and 4 KiB, and up to
 * 64 KiB in the middle of a line. Past it: a newcomer is let in, the oldest silent one of the
 * address with the most is closed.
 */
export const strangersMax = 1024;

/**
 * Connections of strangers from one address. A stranger is one for as long as it takes to send a
 * message, so a class behind one address has room to come at the same moment. Past it: a newcomer
 * is let in, the oldest silent one of its address is closed.
 */
export const strangersOfAddressMax = 256;

/**
 * Members' connections past the user limit that may wait. Each is a member and a socket. Past it:
 * told that it is full, closed.
 */
export const waitingRoomPlaces = 1000;

/**
 * Notices of places in the waiting room in a second, for all who wait: 5% of a core, however many
 * come and go. Past it: changes are told less often.
 */
export const waitingNoticesPerSecond = 100;

/**
 * Places in the waiting room for one address. It cannot have the whole room; a class can use it.
 * Past it: told that it is full, closed.
 */
export const waitingPlacesOfAddress = 64;

/**
 * Places in the waiting room for one account, which is a person with a few scripts. Past it: the
 * first request is refused with 230, the connection closed.
 */
export const waitingPlacesOfAccount = 16;

/**
 * Served connections of one account, as a share of the user limit: no member holds all permits for
 * as long as it likes. Past it: the first request is refused with 230, the connection closed.
 */
export const accountShareMax = 3 / 4;

/**
 * Served connections that one account may have however small the user limit is: one terminal that
 * is online and one that is not. Past it: the share counts.
 */
export const accountConnectionsMin = 2;

/**
 * Messages waiting to be written to one connection. Half of them, and {@link costlyAtOnceMax}, may
 * be just being sealed, however many pay one member. Past it: the other side does not read, and is
 * dropped; nothing more is buffered.
 */
export const sendQueueMessagesMax = 64;

/**
 * Connections of one member that are told of an order. Each notice is sealed in the turn of the
 * other side, which must not pay for however many connections a member has. A member has one that
 * is online, and some that it pays from. Past it: the oldest that are not online are not told.
 */
export const toldConnectionsMax = 8;

/**
 * Connections from peers that one client serves at a time. A member is paid by people, not by a
 * flood. Past it: the payee's client closes the connection; the payer is told 264.
 */
export const peerConnectionsMax = 16;

/**
 * The first pause after an accept that failed because the machine has no descriptors or memory
 * left. Each failure that follows at once doubles it.
 */
export const acceptPauseMsMin = 100;

/**
 * The longest pause after such a failure: a person who comes when there are descriptors again
 * waits so long at most.
 */
export const acceptPauseMsMax = 5 * second;

/**
 * Connections accepted in a row, good or not: about a millisecond. Past it: everything else that
 * is ready has its turn.
 */
export const acceptsPerTurn = 16;

/**
 * How long failures of one kind to accept are counted. The first one is told at once. Past it: one
 * line tells how many others there were.
 */
export const acceptFaultWindowMs = 10 * second;

/**
 * Void orders that the ledger keeps for each payer, about 250 bytes each: orders that were
 * refused, and orders that a side had made void. Past it: the server decides nothing for good; it
 * refuses with 520, and can be asked again, until one of them can be forgotten.
 */
export const voidedOrdersMax = 1000;

/**
 * How long after its end the ledger keeps a void order, at least. A server's clock that is wrong
 * by less than this forgets nothing that can still be booked when it is right again. Past it:
 * forgotten when the payer's room is full.
 */
export const voidedOrderKeptMs = 24 * hour;

// ## Cost
// What is printed is counted for each member, of what it says; for all members at an address together; and for
// each address, of everything else that comes from there. An address is an IPv4 address or the /64 of an IPv6
// address. No address is closed for what others did there: behind it may be a class, and a container sees
// everybody at one.

/**
 * Lines being opened, sealed or signed at a time, beside one for each processor: enough that no
 * processor waits for the next one to be handed over, few enough that the next one to come waits
 * for about one of them. One member or address has one at a time. Past it: lines wait their turn,
 * one a member (an address, before it says who it is).
 */
export const costlyBesideProcessors = 1;

/**
 * Lines being opened, sealed or signed at a time, however many processors there are. One thread
 * hands them all over and keeps no more of them busy; and what is sealed at a time may all be for
 * one member, that reads and must not have {@link sendQueueMessagesMax} lines waiting for that.
 * Past it: lines wait their turn.
 */
export const costlyAtOnceMax = 16;

/**
 * Orders of one `submit` that are verified in one turn: about as much work as opening a message.
 * Past it: the other orders wait for another turn.
 */
export const ordersPerTurn = 8;

/**
 * Entries that an answer to a member reads in one turn. They cost about as much as opening a line,
 * 2 to 3 ms, when the order in each is as long as it may be ({@link orderBytesMax}). Past it: the
 * rest of the page waits for another turn.
 */
export const chainEntriesPerTurn = 64;

/**
 * Entries hashed without a pause: 0.3 ms of the thread that everybody's messages go through. Past
 * it: everything else that is ready goes on in between.
 */
export const chainEntriesAtOnce = 8;

/**
 * Account changes that are read and verified at a time: a page takes some 100 KB. Past it: the
 * rest comes with the next page.
 */
export const changesAtOnce = 64;

/**
 * How often an account change is signed anew because another one came first. Each try takes
 * milliseconds. Past it: the change is refused as busy, and can be asked for again.
 */
export const changeTriesMax = 10;

/** Processors that a server reckons with unless it is told. */
export const processorsDefault = 2;

/**
 * First lines of strangers that are opened from one address at once. One that proves a member does
 * not count. As many as may wait, {@link strangersOfAddressMax}, take 6 seconds: a member's line
 * among them is heard before its client gives up. Past it: one line in each {@link
 * strangerLineEveryMs}; the others wait.
 */
export const strangerLinesAtOnce = 100;

/**
 * How often one more of those lines is opened. Each costs a decryption, 1.3 ms of a core, so an
 * address can make the server spend 5% of a core on nothing.
 */
export const strangerLineEveryMs = 25;

/**
 * Accounts that one address registers at once. A class behind one address registers in its first
 * minutes. Past it: refused with 211, but for one in each {@link registrationEveryMs}.
 */
export const registrationsAtOnce = 200;

/** How often an address may register one account more: 2,880 a day. Sooner: refused with 211. */
export const registrationEveryMs = 30 * second;

/** How long the operator is not told again that an address registers too much. */
export const registrationReportMs = 1 * minute;

/**
 * Addresses that a token bucket is remembered of, about 100 bytes each. Past it: the one that took
 * a token longest ago is forgotten.
 */
export const addressesRememberedMax = 4096;

/**
 * Lines that are printed in a window of time about what one member says, and about everything else
 * that one address brings about. A class that comes at the same moment is seen in full; a flood is
 * 20 lines a second. Past it: counted, and the count printed at the end of the window.
 */
export const logLinesMax = 200;

/**
 * Bytes of sealed messages that are printed in such a window, for the same ones: the longest
 * message in full, or some twenty ordinary ones. One sender could otherwise fill a disk with 60 MB
 * in ten seconds. Past it: a message's words alone are printed; what is left out is counted too.
 */
export const logSealedBytesMax = lineBytesMax;

/** The window in which lines and bytes of the output are counted. */
export const logWindowMs = 10 * second;

/**
 * How many times as much is printed about what all members at one address say together: anybody
 * can register, and whoever has a hundred accounts would have as many allowances. Behind a
 * container's address ten members that say as much as they may are seen in full. Past it: counted,
 * as for one of them.
 */
export const logMembersAtAddress = 10;

// ## Orders

/**
 * How long an order can be booked after it was made. Short, because a payer whose order got lost
 * on the way knows for certain that it was not booked only once it has expired. Past it: refused
 * with 265.
 */
export const orderLifetimeMs = 2 * minute;

/** The longest lifetime that the server accepts in an order. Past it: refused with 261. */
export const orderLifetimeMsMax = 24 * hour;

/**
 * How far in the future, by the server's clock, an order may have been made. Payers stamp orders
 * with the server's time. Past it: refused with 261.
 */
export const orderFutureMsMax = 1 * minute;

/**
 * How often a refund of what is left is tried again, when somebody else gives back a part of the
 * same payment at the same time. Past it: the refusal is told.
 */
export const refundTriesMax = 3;

// ## Files and the ledger

/**
 * Operations in one transaction. A transaction runs without a pause, about 50 µs an operation:
 * this many keep everybody else waiting some 10 ms, and one more hardly makes the fsync cheaper
 * for each. Past it: the next commit takes the rest.
 */
export const batchOperationsMax = 256;

/**
 * How long a write waits for the lock that a person's `sqlite3` may hold. The wait stops the whole
 * program, so it is short, and while the lock stays only the first batch waits. Past it: the
 * ledger is busy: the change is refused and can be asked for again.
 */
export const commitLockWaitMs = 1 * second;

/**
 * How long a command waits for another command to finish. It does not wait for a server, which may
 * run for weeks. Past it: the command ends; the ledger is in use.
 */
export const ledgerLockWaitMs = 300;

/**
 * How long a command waits for another process that makes a wallet, an account's key or
 * certificates. That takes milliseconds. Past it: the command ends; the folder is in use.
 */
export const fileLockWaitMs = 5 * second;

/**
 * Bytes of a PEM file. Ours have fewer than a thousand. Past it: the file is not read.
 */
export const textFileBytesMax = 1024 * 1024;

/**
 * Copies of a ledger that migrations leave beside it. A server that was killed while it migrated
 * left one; more are not by chance. Past it: the server does not start until they are moved away.
 */
export const keptCopiesMax = 9;

// ## The command line

/**
 * The least number of users that a server serves when nobody says how many: one payer, one payee,
 * and the payer's question about the outcome. Otherwise it is the number of processors.
 */
export const userLimitMin = 3;

/** Most users that one server may be told to serve at a time. Past it: exit 2. */
export const userLimitMax = 100_000;

/**
 * How many accounts a ledger may have, unless `--accounts-max` says another number. Past it: an
 * account more is refused with 212.
 */
export const accountsMaxDefault = 10_000;

/** Longest validity of a server's certificate: as long as the CA's. Past it: exit 2. */
export const certificateDaysMax = 3650;

/**
 * Longest time between two session keys of a server: 24 days, about the longest timer of the
 * runtime. Past it: exit 2.
 */
export const rekeyHoursMax = 576;

/** Longest wait that can be asked for. Past it: exit 2. */
export const timeoutSecondsMax = 3600;

/** Most entries that one `history` prints. Past it: exit 2. */
export const historyEntriesMax = 1000;

/**
 * Longest line that the menu takes, its end not counted. A terminal passes 4095 bytes at the most,
 * and no answer needs so many. Past it: the line is refused, the next one is read.
 */
export const inputLineBytesMax = 4096;

/**
 * Bytes of a server's output that wait to be written: some thousands of lines, or sixteen of the
 * longest messages. Past it: lines are left out, and counted.
 */
export const outputQueueBytesMax = 1024 * 1024;

/**
 * How long the end of the server is put off for output that waits. With the time that stopping may
 * take, Docker's ten seconds are enough. Past it: the server ends, written or not.
 */
export const outputDrainMs = 2 * second;

/**
 * Characters of a printed text that the other side had a part in: more than any that is as it
 * should be. An order's names are printed before they are checked, and may be thousands long. Past
 * it: cut, with `…`.
 */
export const logTextCharactersMax = 256;
