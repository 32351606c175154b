/// <reference lib="dom" />
/** Ties the state to the address: every change goes into its hash, the back button brings it back. */
import { type HashContext, hashToState, stateToHash } from "./hash.ts";
import type { Messages } from "./messages.ts";
import type { Store } from "./store.ts";

/** Milliseconds between two writings of the address: browsers refuse more than some hundred in half a minute. */
const pause = 300;

/** Wires a store and the address. */
export function wireAddress(
  store: Store,
  { context, messages, signal }: {
    readonly context: HashContext;
    readonly messages: Messages;
    readonly signal: AbortSignal;
  },
): { readonly flush: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = (how: "pushState" | "replaceState") => {
    clearTimeout(timer);
    timer = undefined;
    const hash = stateToHash(store.state, context);
    const address = hash === "" ? location.pathname + location.search : `#${hash}`;
    if (location.hash.replace(/^#/, "") !== hash) history[how](null, "", address);
  };
  store.listen(({ before, history: mark }) => {
    if (store.state === before || mark === "none") return;
    if (mark === "replace") {
      timer ??= setTimeout(() => write("replaceState"), pause);
      return;
    }
    // What was not yet written belongs to the entry that is left.
    if (timer !== undefined) {
      clearTimeout(timer);
      timer = undefined;
      history.replaceState(null, "", `#${stateToHash(before, context)}`);
    }
    write("pushState");
  });
  const read = () => {
    clearTimeout(timer);
    timer = undefined;
    const { state, ignored } = hashToState(location.hash, context);
    if (ignored.length > 0) {
      messages.notice(`This page does not know ${ignored.slice(0, 3).join(", ")} in its address.`);
    }
    store.pass({ playing: false, patch: 0, hover: null });
    store.set(state, { history: "none" });
  };
  addEventListener("popstate", read, { signal });
  // Followed by popstate where the address is typed; of the same hash nothing changes.
  addEventListener("hashchange", read, { signal });
  read();
  return { flush: () => write("replaceState") };
}
