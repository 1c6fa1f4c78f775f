/**
 * Turns the words of commander's commands into typed requests.
 */
import type { Command, OptionValues } from "@commander-js/extra-typings";

/** The options of a command that has none. */
// deno-lint-ignore ban-types -- commander's own type of it
export type NoOptions = {};

/** Returns the request if the words named its command. */
export type MadeRequest<Request> = () => Request | undefined;

/** The request of a function that adds a command. Members that may be `undefined` are absent. */
export type RequestOf<AddCommand extends (...args: never[]) => MadeRequest<unknown>> = Defined<
  NonNullable<ReturnType<ReturnType<AddCommand>>>
>;

/**
 * Makes a request of the words of a command.
 *
 * @param make gets the command's words and, as the last parameter, its options
 */
export function requestOf<Words extends unknown[], Options extends OptionValues, Request>(
  command: Command<Words, Options, NoOptions>,
  make: (...words: [...Words, Options]) => Request,
): MadeRequest<Request> {
  let request: Request | undefined;
  command.action((...words) => {
    // The command itself comes last.
    request = make(...words.slice(0, -1) as unknown as [...Words, Options]);
  });
  return () => request;
}

/** Makes the request of the one command that the words named. */
export function firstOf<Requests extends readonly unknown[]>(
  ...made: { readonly [At in keyof Requests]: MadeRequest<Requests[At]> }
): MadeRequest<Requests[number]> {
  return () => {
    for (const make of made) {
      const request = make();
      if (request !== undefined) return request;
    }
    return undefined;
  };
}

/** Leaves out the members that are `undefined`, of the request and of its command. */
export function withoutUndefined<T extends object>(value: T): Defined<T> {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => [name, name === "command" ? withoutUndefined(member) : member]);
  return Object.fromEntries(members);
}

/** The members that may be `undefined` are absent instead. */
export type Defined<T> = T extends unknown ? Simplify<
    & { [K in keyof T as undefined extends T[K] ? never : K]: DefinedMember<T[K]> }
    & { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> }
  >
  : never;
type DefinedMember<T> = T extends { readonly name: string } ? Defined<T> : T;
type Simplify<T> = { [K in keyof T]: T[K] };
