/**
 * All limits with their reasons. `deno task limits` writes `docs/limits.md` from the headings and
 * docstrings here. A limit of a single concept is in that concept's file (`money.ts`, `memo.ts`,
 * `account_name.ts`).
 */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

// ## On the wire

/**
 * Longest line on the wire in bytes, without its newline: a page of history with receipts fits in.
 * A thousand half-received lines take 64 MiB. Past it: the connection is closed.
 */
export const lineBytesMax = 64 * 1024;

/**
 * Longest JSON body of a message in bytes. It grows by 4/3 twice (JWS in JWE), and by 6 KiB of
 * signature, certificates and headers. Past it: a page gets shorter; nothing else is that long.
 */
export const bodyBytesMax = 32 * 1024;

/**
 * Most rows in a page. {@link bodyBytesMax} may end a page earlier. Past it: a request for more is
 * refused with 410; a page says that there is more.
 */
export const pageRowsMax = 200;

/**
 * Longest order as compact JWS in bytes, with a certificate and the longest memo. Past it: refused
 * before it is parsed.
 */
export const orderBytesMax = 12 * 1024;

/**
 * Longest checkpoint in characters, with the signatures of {@link witnessesMax} witnesses. Past it:
 * refused before it is read.
 */
export const checkpointCharactersMax = 4096;

/** Most characters of a witness's name. Past it: its verifier key is refused. */
export const witnessNameCharactersMax = 64;

/**
 * Most witnesses whose cosignatures a server keeps, 175 characters of a checkpoint each. Past it:
 * the server does not start.
 */
export const witnessesMax = 16;

/**
 * Longest certificate of a server beside a checkpoint, in characters of base64. Past it: refused
 * before it is read.
 */
export const serverCertificateCharactersMax = 8192;

/**
 * Greatest difference of the time in a newest checkpoint and that of the server's message. Past it:
 * the client refuses the checkpoint.
 */
export const checkpointAgeMsMax = 60 * second;

/**
 * Most orders in a `submit`. They fit into a line, and cost about as much as opening two messages.
 * Past it: refused with 410.
 */
export const ordersPerSubmitMax = 25;

/** Most certificates in a chain: the leaf and the root. Past it: refused. */
export const chainCertificatesMax = 2;

/**
 * Longest certificate or certificate request in DER, in bytes. Ours have about 500. Past it:
 * refused before it is parsed.
 */
export const certificateBytesMax = 4096;

/** Sizes of the RSA-OAEP session keys in bits. Past it: a key of another size is refused. */
export const rsaBitsChoices = [2048, 3072, 4096] as const;
export type RsaBits = (typeof rsaBitsChoices)[number];

/**
 * Lifetime of a greeting. The hour allows for different clocks. A greeting that is replayed later
 * announces a key whose private half no longer exists. Past it: a client does not trust it.
 */
export const greetingLifetimeMs = 1 * hour;

/**
 * Largest difference between two parties' clocks when a time on the wire is checked. Past it: a
 * client does not trust the greeting.
 */
export const clockDifferenceMsMax = 2 * hour;

/**
 * Most entries that the server puts on a page of history in one turn. Signing their receipts takes
 * 0.5 ms, as much as opening a line. Past it: the page goes on in the member's next turn.
 */
export const historyTurnEntriesMax = 16;

/**
 * Most certificates of a `certificates` request. Ours take 0.5 KiB each, so their page fits into a
 * line. Past it: refused.
 */
export const certificatesAskedMax = 50;

/**
 * Most certificates of others that a client keeps in memory while it is connected, one for each
 * payer of its history. Past it: the least recently used one is asked for again.
 */
export const certificatesKeptMax = 1000;

/**
 * Most receipts of a `proof` request. With 16 million entries, each proof has 24 hashes. With those
 * of {@link proofCheckpointsMax}, that is 27 KiB in all. They cost 2 ms, as much as opening a line.
 * Past it: refused.
 */
export const proofReceiptsMax = 20;

/**
 * Most files of evidence of an account. A dishonest server can make every failure another one. Past
 * it: no file is written, and the client names the first one.
 */
export const evidenceFilesMax = 100;

/**
 * Most checkpoints of a `proof` request: that of the last audit, and some that other members saw.
 * Past it: refused.
 */
export const proofCheckpointsMax = 5;

/**
 * Most characters of the header of a signed document, enough for a chain of certificates. Past it:
 * the document is refused.
 */
export const documentHeaderCharactersMax = 40_000;

/**
 * Most headers of orders and receipts in memory, one for each certificate that signs. Ours take 2
 * KiB each, and the longest that fits into an order takes 24 KiB. Past it: the least recently used
 * one is parsed again.
 */
export const headersRememberedMax = 1000;

/**
 * Most characters of an unknown member's name in an error text. The name may be as long as a line.
 * Past it: the text has the beginning.
 */
export const namedMemberCharactersMax = 64;

/** Most characters of an operator's one-time code. Ours have 19. Past it: refused. */
export const oneTimeCodeCharactersMax = 64;

/**
 * Longest PROXY header in bytes, with its extensions. It fits into the first packet of a connection
 * (the PROXY protocol, section 2.2). Past it: the connection is closed.
 */
export const proxyHeaderBytesMax = 536;

// ## Time for each phase

/**
 * Wait of the server for the first message, enough to type a name or to compare a fingerprint. Past
 * it: closed.
 */
export const firstMessageTimeoutMs = 1 * minute;

/**
 * Replaces {@link firstMessageTimeoutMs} and {@link applicantTimeoutMs} while more than half of
 * {@link strangersMax}, or of {@link strangersOfAddressMax} from one address, are connected.
 * Programs send at once, and a person can connect again. Past it: closed.
 */
export const pressedTimeoutMs = 5 * second;

/**
 * Wait of the server for the whole PROXY header of a proxy's connection. Proxies send it at once.
 * Past it: closed, with a line in the log.
 */
export const proxyHeaderTimeoutMs = 5 * second;

/**
 * Longest time that a client keeps a connection before its first message, because a server under
 * load closes it. Past it: the client connects again.
 */
export const unusedConnectionMsMax = 2 * second;

/** Longest stay of an applicant, enough to register over the slowest network. Past it: closed. */
export const applicantTimeoutMs = 1 * minute;

/**
 * Silence of a member before the server asks for a sign of life. A thousand silent members cost 50
 * messages a second, 5% of a processor. Past it: the server pushes `ping`.
 */
export const memberIdleMs = 20 * second;

/** Wait for a member's answer to `ping`. Past it: closed, offline, and its place is free. */
export const pongTimeoutMs = 10 * second;

/**
 * Wait of a second login for a sign of life of the account's online connection. It is shorter than
 * {@link answerTimeoutMsDefault}. Past it: the new login replaces that connection.
 */
export const replaceWaitMs = 5 * second;

/**
 * Longest silence of a server, which pings after {@link memberIdleMs}. The rest allows for a slow
 * network and a busy server. Past it: the client takes the connection for lost.
 */
export const serverSilenceMsMax = memberIdleMs + pongTimeoutMs;

/**
 * Fewest entries of told payments that a client that stays connected remembers, more than can be
 * under way at once. It tells none of them again after it has connected again.
 */
export const toldPaymentsMax = 1000;

/**
 * Most payments that a client holds back while it reads those that it missed. Past it: the client
 * drops them, and reads them from its history afterwards.
 */
export const heldPaymentsMax = 200;

/** Shortest wait before a client connects again. Each failure doubles the longest wait. */
export const reconnectMsMin = second / 2;

/** Longest such wait. The client waits a random time below it, so that a class spreads. */
export const reconnectMsMax = 15 * second;

/**
 * Interval between notices to a waiting member whose place stays the same. They show that the
 * server is alive.
 */
export const waitingRepeatMs = 10 * second;

/**
 * Shortest interval between two notices to a waiting member whose place changes, because sealing
 * each costs. Before it: the latest place is sent later.
 */
export const waitingChangeMs = 1 * second;

/**
 * Wait of a client for the next notice of its place; a few may be late. Past it: the client
 * considers the server gone and gives up.
 */
export const waitingSilenceMsMax = 25 * second;

/** Longest time from a line's first byte to its newline, at 2 KiB a second. Past it: closed. */
export const lineTimeoutMs = 30 * second;

/** Wait of a write for the other side to read. Past it: closed, nothing more is sealed for it. */
export const writeTimeoutMs = 10 * second;

/**
 * Wait of a client for an answer, unless `--timeout` changes it. Past it: the client gives up; it
 * asks for the outcome of a payment.
 */
export const answerTimeoutMsDefault = 10 * second;

/**
 * Wait of a payer for a connection to a payee and its greeting, unless the relay is forbidden. Past
 * it: the payer asks the server for a relayed connection.
 */
export const dialTimeoutMs = 3 * second;

/**
 * Time for which a payer remembers an address at which nobody answered while the relay reached the
 * payee. Until then it asks for the relay first. Past it: the payer dials again.
 */
export const undialableKeptMs = 5 * minute;

/** Wait of a client before it repeats what a busy relay refused. */
export const relayRetryMs = 100;

/** Wait of a payee for the first order of an accepted peer. Past it: closed. */
export const peerTimeoutMs = 10 * second;

/**
 * Time for which a payer keeps an idle connection to a payee. The next payment to that payee then
 * takes no `locate` request, no connection and no greeting. Past it: the payer closes it.
 */
export const peerKeptMs = 30 * second;

/**
 * Time for which a payee keeps an idle connection of a peer. It is longer than {@link peerKeptMs},
 * so that an order seldom meets a connection that is being closed. Past it: the payee closes it.
 */
export const peerIdleMsMax = 1 * minute;

/**
 * Time for the server to finish its work after SIGINT, SIGTERM or SIGHUP. Past it: the rest is cut
 * off; an order is booked fully or not at all.
 */
export const shutdownGraceMs = 5 * second;

/**
 * Wait of a client for another program that writes its `wallet.db`, such as a person's `sqlite3`.
 * It blocks the client. Past it: nothing is stored, and the error says which program to end.
 */
export const walletLockWaitMs = 5 * second;

/** Interval at which a server checks for changes of its ledger by other processes: one query. */
export const ledgerWatchMs = 1 * second;

/**
 * Most entries and void orders of other servers that a server reads at once, to tell its members of
 * them. Past it: it tells those, and then reads the next ones.
 */
export const decisionsReadAtOnce = 500;

/**
 * Most batches of a server that wait until it has read what other servers decided before. Past it:
 * it forgets them, and reads them from the database as well.
 */
export const ownBatchesHeldMax = 100;

/** Interval at which a server tells the other servers of its ledger that it is alive. */
export const serverHeartbeatMs = 3 * second;

/**
 * Longest time between two signs of life of a server, by the clock of its ledger's storage. Past
 * it: the others take its members offline, within 15 seconds altogether.
 */
export const serverAbsenceMsMax = 10 * second;

/**
 * Wait of a login until the server of the account's other session considers to let it go. Past it:
 * that server is dead or cut off, and the new login replaces the session.
 */
export const leaveRequestWaitMs = 3 * second;

/**
 * Wait of a login for the answer of the account's other server, which waits for its member up to
 * {@link replaceWaitMs}. It is shorter than {@link answerTimeoutMsDefault}. Past it: 230.
 */
export const leaveWaitMsMax = replaceWaitMs + 3 * second;

/** Interval at which a login looks whether the other server has answered: one query. */
export const leaveAnswerPollMs = 250;

/** Days before the end of a certificate at which the server warns. */
export const expiryWarningDays: readonly number[] = [30, 14, 7, 3, 1];

/**
 * Interval at which a server publishes a checkpoint: it signs one when somebody asks and the newest
 * is older.
 */
export const publishEveryMs = 1 * minute;

/**
 * Greatest age of the newest published checkpoint, by the time of the server's message. Past it:
 * the client refuses it, because the server may hide what came since.
 */
export const publishedAgeMsMax = 2 * publishEveryMs;

/** Interval at which the server checks the ends of its certificates. No timer runs for 30 days. */
export const expiryCheckMs = 1 * hour;

// ## Numbers of connections and messages

/**
 * Most connections of strangers, who have not proved to be members. Each takes a socket and 4 KiB,
 * or up to 64 KiB within a line. Past it: the newcomer is accepted, and the oldest silent stranger
 * of the address with the most is closed.
 */
export const strangersMax = 1024;

/**
 * Most connections of proxies whose PROXY header has not arrived. Each takes a socket and 0.5 KiB.
 * Past it: the oldest one is closed.
 */
export const proxyHeadersAwaitedMax = 1024;

/**
 * Most connections of strangers from one address. A class behind one address can connect at the
 * same moment. Past it: the newcomer is accepted, and the oldest silent stranger of its address is
 * closed.
 */
export const strangersOfAddressMax = 256;

/**
 * Most members' connections that wait because of the user limit. Past it: told that the server is
 * full, closed.
 */
export const waitingRoomPlaces = 1000;

/**
 * Most notices of places in the waiting room in a second, for all who wait: 5% of a processor. Past
 * it: changes are sent less often.
 */
export const waitingNoticesPerSecond = 100;

/**
 * Most places in the waiting room for one address, enough for a class and less than all. Past it:
 * told that the server is full, closed.
 */
export const waitingPlacesOfAddress = 64;

/**
 * Most places in the waiting room for one account: a person with a few scripts. Past it: the first
 * request is refused with 230, the connection closed.
 */
export const waitingPlacesOfAccount = 16;

/**
 * Most served connections of one account, as a share of the user limit, so that no member holds all
 * of them. Past it: the first request is refused with 230, the connection closed.
 */
export const accountShareMax = 3 / 4;

/**
 * Served connections that one account may always have: one terminal that is online and one that is
 * not. Past it: the share counts.
 */
export const accountConnectionsMin = 2;

/**
 * Most messages in the send queue of one connection. Half of them, and {@link costlyAtOnceMax}
 * more, may be in sealing. Past it: the other side does not read and is disconnected.
 */
export const sendQueueMessagesMax = 64;

/**
 * Most requests of a client that have no reply yet. They fill half of the send queue at most. Past
 * it: requests wait.
 */
export const requestsUnderWayMax = sendQueueMessagesMax / 2;

/**
 * Most connections of one member that receive a notice of an order, because the other side's turn
 * pays for sealing each. Past it: the oldest that are not online receive none.
 */
export const toldConnectionsMax = 8;

/**
 * Most connections from peers that a client serves at a time. Past it: the newcomer is accepted,
 * and the connection that has been idle longest is closed.
 */
export const peerConnectionsMax = 16;

/**
 * Most connections to payees that a payer keeps. Each takes a socket. Past it: the one that has
 * been idle longest is closed.
 */
export const peersKeptMax = 8;

/** Most addresses of payees that a payer remembers as {@link undialableKeptMs} says. */
export const undialableAddressesMax = 256;

/**
 * Most relayed connections of one connection to the server. A payee serves {@link
 * peerConnectionsMax} peers and a payer keeps {@link peersKeptMax}, so there is room for those that
 * are ending. Past it: refused with 421.
 */
export const relayedConnectionsMax = 2 * peerConnectionsMax;

/**
 * Most relayed messages for one connection to the server that are not written. Ends of relayed
 * connections may follow, at most `relayedConnectionsMax`. All of them fit into the send queue, so
 * no payer can have a slow payee disconnected. Past it: refused with 421.
 */
export const relayedUnwrittenMax = sendQueueMessagesMax / 4;

/** Most bytes of lines in one relayed message: some eight orders. Past it: refused with 410. */
export const relayedBytesMax = 16 * 1024;

/**
 * Most bytes of a relayed connection that a client holds and has not read: {@link
 * ordersPerSubmitMax} orders with the longest memos. Past it: the client ends the connection.
 */
export const relayedUnreadBytesMax = 256 * 1024;

/**
 * Most relayed messages that wait in the ledger's storage for one server, 16 KiB each. A server
 * takes them at once, except for a member that reads nothing. Past it: refused with 421.
 */
export const relayedBacklogMax = 1024;

/**
 * Longest time that a relayed message waits in the ledger's storage for a server. Past it: it is
 * deleted, and its connection ends.
 */
export const relayedKeptMsMax = 30 * second;

/** Most relayed messages that a server reads at once from the ledger's storage. */
export const relayedReadAtOnce = 100;

/**
 * Interval at which a server looks for relayed messages of other servers while it has such a
 * connection: one query. Without one it looks every {@link ledgerWatchMs}.
 */
export const relayWatchMs = 100;

/** Relayed connections that a member may open at once, a class. Past it: refused with 421. */
export const relaysAtOnce = 32;

/** Interval at which a member may open one more. Sooner: refused with 421. */
export const relayEveryMs = 500;

/**
 * Relayed messages that a member may send at once. Each costs an opening and a sealing. Past it:
 * refused with 421.
 */
export const relayedMessagesAtOnce = 200;

/** Interval at which it may send one more, so 1.6 MB a second. Sooner: refused with 421. */
export const relayedMessageEveryMs = 10;

/**
 * Most published checkpoints that a server keeps, at most 4 KiB each. A cosigned one stays for ten
 * minutes, so a witness may come that seldom. Past it: the oldest is forgotten.
 */
export const publishedCheckpointsMax = 10;

/**
 * Time after which a payer shows its newest checkpoint again on a connection that it keeps. Earlier
 * orders on that connection go without one.
 */
export const checkpointShownMs = 1 * minute;

/**
 * Most members whose checkpoints wait to be compared with the ledger. Each takes 13 KiB at most.
 * Past it: the one that came first is dropped.
 */
export const peerCheckpointsMax = 64;

/** First pause after accepting ran out of descriptors or memory. Each further one doubles it. */
export const acceptPauseMsMin = 100;

/** Longest such pause. Newcomers wait at most this long once there are descriptors again. */
export const acceptPauseMsMax = 5 * second;

/** Connections accepted in a row: about a millisecond. Past it: all other ready work runs. */
export const acceptsPerTurn = 16;

/**
 * Window in which failed accepts of one kind are counted. The first is reported at once. Past it:
 * one line reports the number of the others.
 */
export const acceptFaultWindowMs = 10 * second;

/**
 * Most void orders that the ledger keeps for each payer, about 250 bytes each: refused orders, and
 * orders that a side made void. Past it: the server makes no final decision and refuses with 520
 * until one of them can be forgotten.
 */
export const voidedOrdersMax = 1000;

/**
 * Shortest time after its end that the ledger keeps a void order. A server's clock that is wrong by
 * less cannot make a forgotten order valid again. Past it: forgotten when the payer's room is full.
 */
export const voidedOrderKeptMs = 24 * hour;

/**
 * Lines in opening, sealing or signing at a time, in addition to one for each processor. All
 * processors stay busy, and the next line waits for about one. A member or address has one at a
 * time. Past it: lines wait in the fair queue.
 */
export const costlyBesideProcessors = 1;

/**
 * Most lines in opening, sealing or signing at a time. One thread cannot keep more of them busy.
 * They may all be for one member, whose queue has {@link sendQueueMessagesMax} places. Past it:
 * lines wait in the fair queue.
 */
export const costlyAtOnceMax = 16;

/**
 * Ordinary turns that start before one that reads many rows, while both wait. A member's list,
 * history or audit makes another member wait for a quarter of the turns at most. Past it: the read
 * has its turn.
 */
export const ordinaryTurnsPerRead = 3;

/**
 * Orders of a `submit` that are verified in one turn: about as much work as opening a message. Past
 * it: the others wait for another turn.
 */
export const ordersPerTurn = 8;

/**
 * Messages sealed in one turn, such as a reply and the notices that its request causes: less work
 * than opening a message. Past it: the others wait for another turn.
 */
export const sealsPerTurn = 8;

/**
 * Account changes that are read and verified at a time: about 100 KB. Past it: the rest comes with
 * the next page.
 */
export const changesAtOnce = 64;

/**
 * Tries to sign an account change, each taking milliseconds. A try fails when another change comes
 * first. Past it: the change is refused as busy, and can be repeated.
 */
export const changeTriesMax = 10;

/**
 * Longest time in which an operator's command repeats a change whose commit the database did not
 * answer. Past it: exit 6, and the change can be repeated.
 */
export const undecidedWaitMsMax = 30 * second;

/** Pause between two such tries. */
export const undecidedPauseMs = 250;

/** Processors that a server assumes by default. */
export const processorsDefault = 2;

/**
 * First lines of strangers that are opened from one address at once. Lines that prove a member do
 * not count. {@link strangersOfAddressMax} of them take 6 seconds, less than a client waits. Past
 * it: one line in each {@link strangerLineEveryMs}; the others wait.
 */
export const strangerLinesAtOnce = 100;

/**
 * Interval at which one more such line is opened. Each costs a decryption, 1.3 ms. So an
 * address can make the server waste 5% of a processor.
 */
export const strangerLineEveryMs = 25;

/**
 * Accounts that one address may register at once: a class registers in its first minutes. Past it:
 * refused with 211, except for one in each {@link registrationEveryMs}.
 */
export const registrationsAtOnce = 200;

/** Interval of an address between two further accounts: 2,880 a day. Sooner: refused with 211. */
export const registrationEveryMs = 30 * second;

/**
 * Requests for checkpoints and proofs that strangers at one address may make at once: a school's
 * witnesses that start together. Past it: refused with 420, except for one in each {@link
 * strangerRequestEveryMs}.
 */
export const strangerRequestsAtOnce = 100;

/**
 * Interval at which strangers at an address may make one more such request. A witness makes three a
 * minute, and each costs about as much as opening its line. Sooner: refused with 420.
 */
export const strangerRequestEveryMs = 500;

/** Shortest interval between two reports that an address registers too much. */
export const registrationReportMs = 1 * minute;

/**
 * Addresses with a remembered token bucket, about 100 bytes each. Past it: the least recently used
 * one is forgotten.
 */
export const addressesRememberedMax = 4096;

// No address is closed for what others did there: a class may share it, and a container sees all
// clients at one. So output is counted for each member, for all members at an address together, and
// for everything else from an address.

/**
 * Lines printed in a window for each member, and for everything else from each address. A class
 * that arrives at once is printed in full, and a flood gives 20 lines a second. Past it: counted,
 * and the count is printed at the end of the window.
 */
export const logLinesMax = 200;

/**
 * Bytes of sealed messages printed in a window, counted like the lines: the longest message, or
 * some twenty ordinary ones. Otherwise one sender could fill a disk with 60 MB in ten seconds. Past
 * it: only the opened message is printed; the omitted ones are counted.
 */
export const logSealedBytesMax = lineBytesMax;

/** Window in which the output's lines and bytes are counted. */
export const logWindowMs = 10 * second;

/**
 * How many members' worth of output all members at one address share. Anybody can register, so a
 * hundred accounts must not have a hundred allowances. Past it: counted, as for one member.
 */
export const logMembersAtAddress = 10;

/**
 * Most tries of a listener to find a port that is free for IPv6 and IPv4. A port that is free for
 * IPv6 is nearly always free for IPv4 too. Past it: the server or client does not start.
 */
export const freePortTriesMax = 20;

// ## Orders

/**
 * Lifetime of an order. Only after its end is the payer of a lost order certain that it was not
 * booked, so it is short. Past it: refused with 265.
 */
export const orderLifetimeMs = 2 * minute;

/** Longest lifetime that the server accepts. Past it: refused with 261. */
export const orderLifetimeMsMax = 24 * hour;

/**
 * Most payment requests that a client lists, the open ones first. Past it: older ones are left out.
 * Their payments are in the history.
 */
export const requestsListedMax = 200;

/**
 * How long after its end a client still asks the server whether a payment request was paid. Past
 * it: only a receipt in the wallet tells.
 */
export const requestAskedAfterMs = 24 * hour;

/** Longest lifetime of a payment request. Past it: refused with 273. */
export const requestLifetimeMsMax = 366 * 24 * hour;

/**
 * Longest payment request as compact JWS in bytes, with a certificate and the longest memo. Past
 * it: refused with 273 before it is parsed.
 */
export const requestBytesMax = 5 * 1024;

/**
 * How far in the future an order's time may be, by the server's clock. Payers use the server's
 * time. Past it: refused with 261.
 */
export const orderFutureMsMax = 1 * minute;

/**
 * Tries of a refund of the rest, when another refund of the same payment comes first. Past it: the
 * refusal is shown.
 */
export const refundTriesMax = 3;

// ## Files and the ledger

/**
 * Most operations in one transaction, which blocks the thread for about 50 µs an operation: 10 ms
 * in all. One more would hardly make the fsync cheaper for each. Past it: the next commit takes the
 * rest.
 */
export const batchOperationsMax = 256;

/**
 * Wait of a write for a lock that a person's `sqlite3` may hold. It blocks the program, so only the
 * first batch waits while the lock stays. Past it: the ledger is busy: the change is refused and
 * can be repeated.
 */
export const commitLockWaitMs = 1 * second;

/**
 * Longest time for a connection to one host of a PostgreSQL database, with TLS and the password.
 * Past it: the next host is tried.
 */
export const databaseConnectMsMax = 3 * second;

/**
 * Longest silence of PostgreSQL while it owes an answer to a batch or a read. It covers the batches
 * of other servers, which hold the same lock, and a slow disk. Past it: the connection is replaced.
 * A read of the whole ledger goes on while PostgreSQL answers a new connection.
 */
export const databaseAnswerMsMax = 5 * second;

/**
 * Longest wait for a lock in PostgreSQL. It is shorter than {@link databaseAnswerMsMax}, because
 * PostgreSQL does not notice when this side cuts a waiting connection. Such connections would pile
 * up. Past it: the batch or the read runs again.
 */
export const databaseLockMsMax = 4 * second;

/**
 * Longest pause within a transaction until PostgreSQL ends it, so that a server that lost its
 * network keeps the others waiting no longer. Past it: the batch runs again.
 */
export const databaseIdleMsMax = 2 * second;

/**
 * Wait of requests for a PostgreSQL database, from the moment when it was lost. It is shorter than
 * a client's wait for an answer. Past it: requests are refused at once until the database is back;
 * each can be repeated.
 */
export const databaseWaitMsMax = 5 * second;

/** Shortest wait before a server connects to PostgreSQL again. Each failure doubles the wait. */
export const databaseReconnectMsMin = 50;

/** Longest such wait. */
export const databaseReconnectMsMax = 1 * second;

/**
 * Most tries of a transaction that PostgreSQL undid because another one came first. Past it: the
 * ledger is busy: the request can be repeated.
 */
export const databaseTriesMax = 20;

/** Most connections of a server for reading from PostgreSQL. Past it: a read waits for one. */
export const databaseReadersMax = 4;

/**
 * Wait of a command for another command to finish. It does not wait for a server, which may run for
 * weeks. Past it: the command ends; the ledger is in use.
 */
export const ledgerLockWaitMs = 300;

/**
 * Wait of a command for another process that makes a wallet, an account's key or certificates,
 * which takes milliseconds. Past it: the command ends; the folder is in use.
 */
export const fileLockWaitMs = 5 * second;

/** Largest text file that is read, in bytes. Ours have fewer than a thousand. Past it: refused. */
export const textFileBytesMax = 1024 * 1024;

/**
 * Fewest characters of a passphrase that is chosen for a key or an export. Below it: refused, also
 * by a terminal.
 */
export const passphraseCharactersMin = 8;

/** Longest passphrase in bytes. OpenSSL reads 1,023 from a file. Past it: refused. */
export const passphraseBytesMax = 512;

/**
 * Rounds of PBKDF2-HMAC-SHA256 that protect a key: a tenth of a second here, and for each guess of
 * a thief.
 */
export const derivationRounds = 600_000;

/** Most such rounds of a key that another program protected: seconds. Past it: refused. */
export const derivationRoundsMax = 10_000_000;

/**
 * Most memory of a key or an export that another program protected with scrypt, in bytes. Past it:
 * refused.
 */
export const derivationMemoryBytesMax = 256 * 1024 * 1024;

/**
 * Longest line of an identity's export in bytes, more than a receipt with its order, or than a key,
 * two certificates and a thousand addresses. Past it: refused.
 */
export const exportLineBytesMax = 256 * 1024;

/**
 * Most receipts and open orders of an identity's export: 3 GB, and ten minutes. Past it: neither
 * exported nor imported.
 */
export const exportRecordsMax = 1_000_000;

/** Receipts of an import in one commit. Past it: the next commit takes the rest. */
export const importBatchRecords = 200;

/**
 * The work factor of scrypt in an encrypted export: 2^17 rounds in 128 MiB, a second here, and for
 * each guess of a thief.
 */
export const exportWorkFactor = 17;

/**
 * Most copies of a ledger that migrations leave beside it. A server that was killed during its
 * migration left one; more are no accident. Past it: the server does not start until they are moved
 * away.
 */
export const keptCopiesMax = 9;

/**
 * Most tries to lock a file that its holder removes at that instant. Past it: the command ends; the
 * file is in use.
 */
export const lockFileTriesMax = 10;

/** Most symbolic links in a row to a ledger. Past it: a circle, and the path is refused. */
export const symbolicLinksMax = 40;

/**
 * Most rows that a thread of an audit checks in one task. It remembers the accounts of these rows,
 * up to 10 MB. Past it: another task.
 */
export const auditRangeRowsMax = 32_768;

/** Fewest rows of such a task, about 0.1 s of work. Below it: fewer tasks. */
export const auditRangeRowsMin = 1000;

/**
 * Tasks of an audit for each of its threads, so that none of them waits long at the end. Past it:
 * the tasks get more rows.
 */
export const auditTasksPerThread = 8;

/** Rows that a copy into PostgreSQL inserts with one statement. Past it: the next statement. */
export const copyStatementRows = 1_000;

/**
 * Statements of a copy into PostgreSQL that are on their way. One more would only take memory. Past
 * it: the copy waits.
 */
export const copyPipelineMax = 2;

/** Rows that an audit reads at once. Past it: the next page. */
export const auditPageRows = 256;

/**
 * Certificates that a thread of an audit remembers, about 3 KB each. Past it: the least recently
 * used one is read again.
 */
export const auditedSignersMax = 12_000;

/**
 * Fewest rows and certificates of an audit on several threads, whose start takes longer than these.
 * Below it: one thread.
 */
export const auditThreadsFrom = 2000;

// ## The command line

/**
 * Smallest default of the user limit: one payer, one payee, and the payer's question about the
 * outcome. Otherwise the default is the number of processors.
 */
export const userLimitMin = 3;

/** Largest user limit of a server. Past it: exit 2. */
export const userLimitMax = 100_000;

/** Most invitations that one command makes, one for each member of a class. Past it: exit 2. */
export const invitationsAtOnceMax = 1000;

/** Most days that an invitation is valid. A line in an old message should end. Past it: exit 2. */
export const invitationDaysMax = 365;

/** Most accounts of a ledger, unless `--accounts-max` changes it. Past it: refused with 212. */
export const accountsMaxDefault = 10_000;

/** Longest validity of a server certificate in days, as long as the CA's. Past it: exit 2. */
export const certificateDaysMax = 3650;

/**
 * Longest time between two session keys of a server in hours: 24 days, about the runtime's longest
 * timer. Past it: exit 2.
 */
export const rekeyHoursMax = 576;

/** Most servers in a client's list, which it tries one after the other. Past it: refused. */
export const serversMax = 8;

/**
 * Wait of a client for a connection to one of several servers, for its greeting, and for the
 * addresses of its name. A lost packet of the connection is sent again after one second. Past it:
 * the next address is tried. When none is left, those that were slow to greet are tried once more
 * without this bound.
 */
export const serverConnectMsMax = 3 * second;

/** Longest `--timeout` in seconds. Past it: exit 2. */
export const timeoutSecondsMax = 3600;

/** Longest time between two visits of a witness. Past it: exit 2. */
export const witnessPeriodMsMax = 24 * hour;

/** Most payments of an account that completion suggests. Past it: the newest. */
export const completedPaymentsMax = 200;

/** Largest file of payments in bytes, which is in memory while it is paid. Past it: refused. */
export const batchFileBytesMax = 4 * 1024 * 1024;

/** Most payments of one file. Past it: refused; split the file. */
export const batchLinesMax = 10_000;

/** Most bad lines of a file that are named. Past it: only their number is told. */
export const batchFaultsNamedMax = 50;

/** Most payments of a file on their way to the server: four full messages. Past it: lines wait. */
export const batchSubmittedPaymentsMax = 4 * ordersPerSubmitMax;

/** Most payments of a file on their way to payees. Past it: lines wait. */
export const batchDirectPaymentsMax = 20;

/** Most entries that one `history` prints. Past it: exit 2. */
export const historyEntriesMax = 1000;

/**
 * Longest line that the menu reads in bytes, without its end. A terminal passes at most 4,095
 * bytes. Past it: the line is refused, the next one is read.
 */
export const inputLineBytesMax = 4096;

/**
 * Most unwritten bytes of a server's output: some thousands of lines, or sixteen of the longest
 * messages. Past it: lines are omitted and counted.
 */
export const outputQueueBytesMax = 1024 * 1024;

/**
 * Time that a stopping server waits for its unwritten output. Together with {@link shutdownGraceMs}
 * it stays below Docker's ten seconds. Past it: the server ends, written or not.
 */
export const outputDrainMs = 2 * second;

/**
 * Most printed characters of a text from the other side, more than any valid one has. An order's
 * names are printed before they are checked, and may be thousands long. Past it: cut, with `…`.
 */
export const logTextCharactersMax = 256;

/**
 * Most bytes of one write to a server's output, so that it is soon known how much was taken. Past
 * it: several writes.
 */
export const outputBatchBytesMax = 64 * 1024;

/**
 * Most rows of the history that the full-screen client holds. Past it: it reads the others again
 * when a person scrolls to them.
 */
export const activityRowsMax = 400;

/** Rows of the history that the full-screen client reads at a time. */
export const activityPageRows = 100;

/**
 * Most payments under way, in doubt or failed that the full-screen client shows. Past it: it drops
 * the oldest failed one.
 */
export const unbookedRowsMax = 100;

/** Most encrypted messages that the full-screen client keeps. Past it: it drops the oldest. */
export const shownMessagesMax = 200;

/** Shortest time between two questions of the full-screen client about who is online. */
export const peersPeriodMs = 5 * second;

/**
 * How much of that time there is for each member who is online. So all screens together ask five
 * times a second at most.
 */
export const peersPeriodMsPerMember = 200;

/** Longest wait for a balance that completes a sentence. Past it: the sentence comes without it. */
export const balanceWaitMs = 1 * second;

/**
 * Longest wait of a command for the audit that it makes by itself. Past it: the command ends, and
 * the next one goes on with the audit.
 */
export const selfAuditWaitMs = 2 * second;

/** Most entries that `ledger show` prints for an account. Past it: the newest. */
export const shownEntriesMax = 10;

/** Smallest width of a help page in columns, so that there is room beside the options' names. */
export const helpColumnsMin = 60;
