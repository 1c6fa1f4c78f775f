/**
 * Everything has a limit; those that more than one file needs are named here, each with its reason. A limit that belongs to
 * one concept alone stands with it (`money.ts`, `memo.ts`, `account_name.ts`).
 */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/**
 * Bytes of one line on the wire, its newline not counted. Wire format: both ends must agree.
 * Large enough for a page of history with receipts, small enough that a thousand connections in mid-line are 64 MiB.
 */
export const lineBytesMax = 64 * 1024;

/**
 * Bytes of the JSON body of one message. A body grows by 4/3 twice (JWS in JWE) and by signature, certificate chain and
 * headers, about 6 KiB at the most: 32 KiB stays within a line.
 */
export const bodyBytesMax = 32 * 1024;

/** Rows of a reply that lists things; the sender also stops at {@link bodyBytesMax}, so a page may be shorter. */
export const pageRowsMax = 200;

/**
 * How long the server waits for the first message. Nobody knows yet who it is: a minute is enough to type a name, or to compare a
 * fingerprint.
 */
export const firstMessageTimeoutMs = 1 * minute;

/** How long somebody who is no member may stay: enough to register, over the slowest network. */
export const applicantTimeoutMs = 1 * minute;

/**
 * Both of these where strangers press: more than half of {@link strangersMax} are there, or of {@link strangersOfAddressMax} from
 * one address. A program says its first message at once; a person who takes longer connects again.
 */
export const pressedTimeoutMs = 5 * second;

/** How long a client uses a connection that it has said nothing on. Then it takes a new one: the server may be pressed. */
export const unusedConnectionMsMax = 2 * second;

/** How long a member may say nothing before it is asked whether it is there. One decryption a member in this time. */
export const memberIdleMs = 2 * minute;

/** How long it may take to answer that. A member whose machine lost power is offline, and its permit free, after both. */
export const pongTimeoutMs = 30 * second;

/**
 * How long a client goes without a word from its server before it takes it for gone. A server that is there asks after
 * {@link memberIdleMs}; twice the time for an answer is for a slow network and a server with much to do.
 */
export const serverSilenceMsMax = memberIdleMs + 2 * pongTimeoutMs;

/** How long one line may take from its first byte to its newline. 64 KiB in this time is 2 KiB a second. */
export const lineTimeoutMs = 30 * second;

/** How long a write may wait for the other side to read. Past it the other side is taken for dead. */
export const writeTimeoutMs = 10 * second;

/** Messages waiting to be written to one connection. Past it the other side does not read, and is dropped, not buffered. */
export const sendQueueMessagesMax = 64;

/** How long a person's client waits for an answer, unless told otherwise (`--timeout`). */
export const answerTimeoutMsDefault = 10 * second;

/** How long a payee's client waits for the order after it accepted a peer, and for the server's answer to its submit. */
export const peerTimeoutMs = 10 * second;

/** Connections from peers that one client serves at a time. A member is paid by people, not by a flood. */
export const peerConnectionsMax = 16;

/**
 * Pause after an accept that failed because the machine has no descriptors or memory left: the first one, doubled with each
 * failure that follows at once, and the longest. A person who comes when there are some again waits for the longest at most.
 */
export const acceptPauseMsMin = 100;
export const acceptPauseMsMax = 5 * second;

/** Connections accepted in a row, good or not, before everything else that is ready has its turn: about a millisecond. */
export const acceptsPerTurn = 16;

/** How long failures of one kind to accept are counted before one line tells how many there were. */
export const acceptFaultWindowMs = 10 * second;

/**
 * Connections of one member that are told of an order. Each notice is sealed in the turn of the other side, which must not pay for however
 * many connections a member has. A member has one that is online, and some that it pays from.
 */
export const toldConnectionsMax = 8;

/** How long the server finishes what is under way after SIGINT, SIGTERM or SIGHUP. */
export const shutdownGraceMs = 5 * second;

/**
 * Connections of strangers, who have not proved a member: in total, and of one address. Each holds a socket and 4 KiB, and up to
 * 64 KiB in the middle of a line. Past it a newcomer is let in and another one is closed. A stranger is one for as long as it takes
 * to send a message, so a class behind one address has room to come at the same moment.
 */
export const strangersMax = 1024;
export const strangersOfAddressMax = 256;

/**
 * Waiting room: members' connections past the user limit that may wait; those of one address, so that there is room for others; and those
 * of one account, which is a person with a few scripts.
 */
export const waitingRoomPlaces = 1000;
export const waitingPlacesOfAddress = 64;
export const waitingPlacesOfAccount = 16;

/**
 * How often somebody who waits is told its place: again after so long, and no sooner when the place has changed. Each notice is sealed for one
 * member. Past so many a second for all who wait, changes are told less often.
 */
export const waitingRepeatMs = 10 * second;
export const waitingChangeMs = 1 * second;
export const waitingNoticesPerSecond = 100;

/** How long a client waits for the next notice of its place: a few of them may be late. Then the server is taken for gone. */
export const waitingSilenceMsMax = 45 * second;

/**
 * Served connections of one account: a share of the user limit, so that no member holds all permits for as long as it likes; and how many at
 * least, however small the user limit is, for one terminal that is online and one that is not.
 */
export const accountShareMax = 3 / 4;
export const accountConnectionsMin = 2;

/**
 * First lines of strangers that are opened from one address: so many at once, then one in each interval. One that proves a member does
 * not count. Each costs a decryption, 1.3 ms of a core, so an address can make the server spend 5% of a core on nothing. As many as may
 * wait, {@link strangersOfAddressMax}, take 6 seconds: a member's line among them is heard before its client gives up.
 */
export const strangerLinesAtOnce = 100;
export const strangerLineEveryMs = 25;

/**
 * Accounts that are registered from one address: so many at once, then one in each interval. A class behind one address registers
 * in its first minutes. A minute passes between two lines that tell the operator of it.
 */
export const registrationsAtOnce = 200;
export const registrationEveryMs = 30 * second;
export const registrationReportMs = 1 * minute;

/** Addresses that a token bucket is remembered of, about 100 bytes each. Past it the one that took a token longest ago is forgotten. */
export const addressesRememberedMax = 4096;

/**
 * Lines being opened, sealed or signed at a time, beside one for each processor: enough that no processor waits for the next one to
 * be handed over, few enough that the next one to come waits for about one of them. One member or address has one at a time.
 */
export const costlyBesideProcessors = 1;

/**
 * The same, on however many processors. One thread hands them all over and keeps no more of them busy; and what is sealed at a time may all be
 * for one member, that reads and must not have {@link sendQueueMessagesMax} lines waiting for that.
 */
export const costlyAtOnceMax = 16;

/**
 * What an answer to a member reads in one turn, at most; a longer answer takes several. It costs
 * about as much as opening a line, 2 to 3 ms: so many entries hashed, when the order in each is as
 * long as it may be ({@link orderBytesMax}). Entries are hashed on the one thread that everybody's
 * messages go through, so it is left to others after a few: 0.3 ms.
 */
export const chainEntriesPerTurn = 64;
export const chainEntriesAtOnce = 8;

/** Account changes that are read and verified at a time: a page takes some 100 KB. */
export const changesAtOnce = 64;

/** How often an account change is signed anew because another one came first. Each try takes milliseconds. */
export const changeTriesMax = 10;

/** Processors that a server reckons with unless it is told. */
export const processorsDefault = 2;

/**
 * Lines that are printed in a window of time about what one member says, and about everything else that one address brings about. A
 * class that comes at the same moment is seen in full; a flood is 20 lines a second. The rest is counted, and the count printed.
 */
export const logLinesMax = 200;

/**
 * Bytes of sealed messages that are printed in such a window, for the same ones: the longest message in full, or some twenty ordinary
 * ones. Past it a message's words are printed without what was sealed, or one sender would fill a disk with 60 MB in ten seconds.
 */
export const logSealedBytesMax = lineBytesMax;
export const logWindowMs = 10 * second;

/**
 * How many times as much is printed about what all members at one address say together: anybody can register, and whoever has a hundred
 * accounts would have as many allowances. Behind a container's address ten members that say as much as they may are seen in full.
 */
export const logMembersAtAddress = 10;

/**
 * How long a greeting may be used. A client that connects reads it at once; the hour is for a slow network and for clocks
 * that differ. An old greeting replayed later only announces a key whose private half is gone.
 */
export const greetingLifetimeMs = 1 * hour;

/** How far two parties' clocks may differ where a time on the wire is checked against one's own. */
export const clockDifferenceMsMax = 2 * hour;

/**
 * How long an order can be booked after it was made. Short, because a payer whose order got lost on the way knows for
 * certain that it was not booked only once it has expired.
 */
export const orderLifetimeMs = 2 * minute;

/** How far in the future, by the server's clock, an order may have been made. Payers stamp orders with the server's time. */
export const orderFutureMsMax = 1 * minute;

/** The longest lifetime that the server accepts in an order. */
export const orderLifetimeMsMax = 24 * hour;

/**
 * Void orders that the ledger keeps for each payer, about 250 bytes each: orders that were refused, and orders that a side had made
 * void. Past it the server refuses nothing of that payer for good until one of them can be forgotten.
 */
export const voidedOrdersMax = 1000;

/**
 * How long after its end the ledger keeps a void order, at least. A server's clock that is wrong by less than this forgets nothing
 * that can still be booked when it is right again.
 */
export const voidedOrderKeptMs = 24 * hour;

/**
 * How long a client waits for another program that writes its `wallet.db`. A commit takes milliseconds; a person's `sqlite3` may hold it
 * for ever. The wait stops the whole client.
 */
export const walletLockWaitMs = 5 * second;

/** How soon a server notices what another process did to its ledger. One cheap question each time. */
export const ledgerWatchMs = 1 * second;

/** Days before the end of a certificate at which the server says so, most first: rarely while there is time, often when there is not. */
export const expiryWarningDays: readonly number[] = [30, 14, 7, 3, 1];

/** How often the server looks how long its certificates last. The system cannot be asked to wake it in 30 days. */
export const expiryCheckMs = 1 * hour;

/** Certificates in a chain: the leaf and the root. */
export const chainCertificatesMax = 2;

/** Bytes of one certificate or certificate request in DER. Ours take about 500. */
export const certificateBytesMax = 4096;

/** Bytes of the compact JWS of one order: header with a certificate, payload with the longest memo. */
export const orderBytesMax = 12 * 1024;

/** Sizes of the RSA-OAEP session keys, in bits. */
export const rsaBitsChoices = [2048, 3072, 4096] as const;
export type RsaBits = (typeof rsaBitsChoices)[number];
