/**
 * An address that sends too much to refuse is turned away for a while; an address of members never is.
 */
import { assertEquals } from "@std/assert";
import {
  addressesRememberedMax,
  addressRefusalsMax,
  addressRefusalWindowMs,
  addressShutOutMs,
} from "../../src/limits.ts";
import { AddressStanding } from "../../src/server/address_standing.ts";
import { ManualClock } from "../manual_clock.ts";

const address = "192.0.2.1";

function standingAfter(refusals: number) {
  const clock = new ManualClock();
  const standing = new AddressStanding({ clock });
  for (let count = 0; count < refusals; count++) standing.refused(address);
  return { clock, standing };
}

Deno.test("standing: as many refused lines as may be are forgiven, one more is not", () => {
  const { standing } = standingAfter(addressRefusalsMax);
  assertEquals(standing.isShutOut(address), false);
  standing.refused(address);
  assertEquals([standing.isShutOut(address), standing.isShutOut("192.0.2.2")], [true, false]);
});

Deno.test("standing: being shut out ends when its time is over", () => {
  const { clock, standing } = standingAfter(addressRefusalsMax + 1);
  clock.advance(addressShutOutMs - 1);
  assertEquals(standing.isShutOut(address), true);
  clock.advance(1);
  assertEquals(standing.isShutOut(address), false);
});

Deno.test("standing: refused lines are counted within a window of time", () => {
  const { clock, standing } = standingAfter(addressRefusalsMax);
  clock.advance(addressRefusalWindowMs);
  standing.refused(address);
  assertEquals(standing.isShutOut(address), false);
});

Deno.test("standing: the wall clock has no part in it", () => {
  const { clock, standing } = standingAfter(addressRefusalsMax + 1);
  clock.jump(400 * 24 * 3_600_000);
  assertEquals(standing.isShutOut(address), true);
});

Deno.test("standing: an address of a member's session is not shut out while that is open", () => {
  const { standing } = standingAfter(addressRefusalsMax + 1);
  const [end, endSecond] = [standing.vouch(address), standing.vouch(address)];
  assertEquals(standing.isShutOut(address), false);
  end();
  assertEquals(standing.isShutOut(address), false);
  endSecond();
  assertEquals(standing.isShutOut(address), true);
});

Deno.test("standing: as many addresses are remembered as may be; past that the oldest is forgotten", () => {
  const { standing } = standingAfter(addressRefusalsMax + 1);
  for (let other = 1; other < addressesRememberedMax; other++) standing.refused(String(other));
  assertEquals([standing.remembered, standing.isShutOut(address)], [addressesRememberedMax, true]);
  standing.refused("one more");
  assertEquals([standing.remembered, standing.isShutOut(address)], [addressesRememberedMax, false]);
});

Deno.test("standing: an address that goes on is not forgotten for it", () => {
  const { standing } = standingAfter(addressRefusalsMax + 1);
  for (let other = 1; other < addressesRememberedMax; other++) standing.refused(String(other));
  standing.refused(address);
  standing.refused("one more");
  assertEquals(standing.isShutOut(address), true);
});
