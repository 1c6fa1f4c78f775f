/**
 * A client written from docs/protocol.md alone that stays and says nothing but what it is asked for.
 *
 *     node stay.mjs HOST PORT CA.pem NAME PINGS
 *
 * Registers, logs in, waits for so many pings, and reads its balance; says at the end what it was pushed. Prints one line of JSON for each step.
 */
import { Newcomer } from "./newcomer.mjs";

const [host, port, caFile, name, pings] = process.argv.slice(2);
const say = (step, value) => console.log(JSON.stringify({ step, ...value }));
const newcomer = new Newcomer({ host, port, caFile, name });
const me = await newcomer.register((reply) => say("register", reply));
const server = await newcomer.toServer(me);
say("login", await server.ask("login", { name, port: 9 }));
for (let left = Number(pings); left > 0; left--) say("push", await server.nextPush());
say("balance", await server.ask("balance", {}));
say("pushes", { types: server.pushes.map(({ type }) => type) });
server.close();
