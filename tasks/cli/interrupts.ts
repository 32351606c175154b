/** What asks a command to save and stop: signals, and the end of the process that started it. @module */

/** Why a command is asked to stop. */
export type Interrupt = Deno.Signal | "parent gone";

/** Signals that ask a command to stop; others of the system's end it at once. */
const signals: readonly Deno.Signal[] = Deno.build.os === "windows"
  // Ctrl-C, Ctrl-Break, and the closed console: there are no others.
  ? ["SIGINT", "SIGBREAK", "SIGHUP"]
  : ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** Milliseconds between two looks at the parent. */
const lookEveryMs = 1000;

/** A variable of the environment; undefined where reading it is not permitted, without asking. */
function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

/**
 * Whether the command is to outlive its terminal: `deno task` says so, or the system, where it may be
 * asked; to be called before anything listens to the signal.
 */
function outlivesTerminal(): boolean {
  if (variable("ELS_HANGUP") === "ignored") return true;
  if (Deno.build.os !== "linux") return false;
  try {
    const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))
      ?.[1];
    return (parseInt(ignored?.at(-1) ?? "0", 16) & 1) === 1;
  } catch {
    return false; // Deno shows this only to programs that may do anything
  }
}

/** Calls back when the process that `deno task` started this one from is gone. */
function watchParent(callback: () => void): () => void {
  const launcher = Deno.ppid;
  if (variable("ELS_LAUNCHER") !== String(launcher)) return () => {};
  const timer = setInterval(() => {
    if (Deno.ppid === launcher) return;
    clearInterval(timer);
    callback();
  }, lookEveryMs);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}

/** Calls back at each request to stop; returns what ends that. */
export function onInterrupt(callback: (why: Interrupt) => void): () => void {
  const kept = outlivesTerminal() ? "SIGHUP" : undefined;
  const listeners = signals.map((signal) => {
    // One that is kept is listened to all the same: otherwise it would end the process.
    const listener = () => signal === kept || callback(signal);
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  const unwatch = watchParent(() => callback("parent gone"));
  return () => {
    unwatch();
    for (const remove of listeners) remove();
  };
}
