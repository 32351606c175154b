/**
 * The processes that stand between a user and a command: npx, the shell that it starts, `deno task`. Where
 * one of them is killed alone, the command would go on without anybody who knows of it. Shells of users,
 * terminals and batch systems are none of them, so nohup, setsid, disown, tmux and the like work as ever.
 */

/** A process as the system tells of it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** When it began, to tell it from a later one of the same number; "" where that is not known. */
  readonly began: string;
  /** Whether it has ended, and is only kept until its parent asks. */
  readonly ended: boolean;
  readonly args: readonly string[];
  /** Whether it ignores that its terminal is gone, as nohup makes a program do. */
  readonly ignoresHangup: boolean;
}

/** Ancestors looked at: more than npx, two shells and two tasks are not ours. */
const mostAncestors = 8;

const decoder = new TextDecoder();

async function outputOf(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).output();
    return decoder.decode(stdout);
  } catch {
    return ""; // no such program: nothing is known then
  }
}

/** Reads `/proc/PID/stat`, whose second field is a name in parentheses that may hold anything. */
export function parseStat(
  text: string,
): Pick<ProcessInfo, "pid" | "parent" | "began" | "ended"> | undefined {
  const [, pid, rest] = /^(\d+) \(.*\) (.*)$/s.exec(text.trim()) ?? [];
  if (pid === undefined) return undefined;
  const fields = rest!.split(" ");
  return {
    pid: Number(pid),
    parent: Number(fields[1]),
    began: fields[19] ?? "",
    ended: /^[ZXx]/.test(fields[0] ?? ""),
  };
}

/**
 * Walks up from process $0; prints the limits of memory of a container on the first line, then what the
 * system tells of each process. What a shell reads it reads byte by byte, so the rest is left to cat.
 */
const walkScript = `for file in memory.max memory/memory.limit_in_bytes; do
  limit=; read -r limit < /sys/fs/cgroup/$file && printf '%s ' "$limit"
done 2>/dev/null
echo; p=$0; n=0; files=
while [ "$p" -gt 1 ] && [ $n -lt ${mostAncestors} ]; do
  read -r stat < /proc/$p/stat || break
  files="$files /proc/$p/status /proc/$p/stat /proc/$p/cmdline"
  set -- \${stat##*) }
  n=$((n + 1)); p=$2
done 2>/dev/null
exec cat $files 2>/dev/null`;

/** What is around a process. */
export interface Surroundings {
  /** The process and those above it, the nearest first; empty where the system does not tell. */
  readonly above: readonly ProcessInfo[];
  /** Bytes of memory that its container permits; undefined where there is no limit, or none is told. */
  readonly memoryLimit: number | undefined;
}

/** Numbers as large as this are how systems say that there is no limit. */
const noLimit = 2 ** 53;

/** What is told of one process before its arguments: its status, and its one line of numbers. */
const statusAndStat =
  /^Name:[^\0]*?\nSigIgn:\s*([0-9a-f]+)\n[^\0]*?\n(\d+ \([^\n]*\) [A-Za-z](?: -?\d+)+)\n/;

/** Reads what {@linkcode walkScript} prints. */
export function parseWalk(text: string): Surroundings {
  const [limits = ""] = text.split("\n", 1);
  const memoryLimit = limits.trim().split(" ").map(Number)
    .find((bytes) => bytes > 0 && bytes < noLimit);
  const above: (ProcessInfo & { readonly args: string[] })[] = [];
  // Arguments end with \0 each; the next process follows the last.
  for (let token of text.slice(limits.length + 1).split("\0")) {
    for (let match; (match = statusAndStat.exec(token)) !== null;) {
      const [whole, ignored, line] = match as unknown as [string, string, string];
      const stat = parseStat(line);
      if (stat === undefined) break;
      const ignoresHangup = (parseInt(ignored.at(-1)!, 16) & 1) === 1;
      above.push({ ...stat, args: [], ignoresHangup });
      token = token.slice(whole.length);
    }
    if (token !== "") above.at(-1)?.args.push(token);
  }
  return { above, memoryLimit };
}

/** Reads a line of `ps -o pid=,ppid=,stat=,args=`. */
export function parsePs(line: string): ProcessInfo | undefined {
  const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
  if (pid === undefined) return undefined;
  return {
    pid: Number(pid),
    parent: Number(parent),
    began: "",
    ended: state!.startsWith("Z"),
    args: command!.split(" "),
    ignoresHangup: false,
  };
}

/** What the system tells of a process, of those above it, and of the container that it is in. */
export async function surroundings(pid: number): Promise<Surroundings> {
  if (Deno.build.os === "linux") {
    return parseWalk(await outputOf("sh", ["-c", walkScript, `${pid}`]));
  }
  if (Deno.build.os === "windows") return { above: [], memoryLimit: undefined };
  const all = await outputOf("ps", ["-A", "-o", "pid=,ppid=,stat=,args="]);
  const known = new Map<number, ProcessInfo>();
  for (const line of all.split("\n")) {
    const info = parsePs(line);
    if (info !== undefined) known.set(info.pid, info);
  }
  const found: ProcessInfo[] = [];
  for (let at = known.get(pid); at && found.length < mostAncestors; at = known.get(at.parent)) {
    found.push(at);
  }
  return { above: found, memoryLimit: undefined };
}

const programOf = ({ args }: ProcessInfo) => args[0]?.split(/[\\/]/).at(-1) ?? "";

/** `deno task ...`. */
const isTask = (info: ProcessInfo) =>
  /^deno(\.exe)?$/.test(programOf(info)) && info.args.slice(1).includes("task");

/**
 * npx and its kin: "npm exec deno@2.9.6 task ...", as npm calls itself, node with npx's script, and the
 * script of the package `deno`.
 */
const isPackageRunner = (info: ProcessInfo) => {
  const line = info.args.join(" ");
  // npm writes its title over its arguments, as one.
  const runner = /^(npx|npm|pnpm|yarn|bunx?|node)\b/;
  return (runner.test(programOf(info)) || runner.test(line)) &&
    (/node_modules[\\/](@deno|deno)[\\/]/.test(line) ||
      /(\bnpx\b|\bbunx\b| exec | dlx | x ).*\bdeno\b/.test(line));
};

const isShell = (info: ProcessInfo) => /^(ba|da|z|k)?sh$/.test(programOf(info));

/**
 * Those of the ancestors that are launchers of a command of ours: tasks, and above them npx with the shell
 * that it starts. A shell that npx has not started is the user's.
 *
 * @param above From the command's parent upwards.
 */
export function launchersAmong(above: readonly ProcessInfo[]): readonly ProcessInfo[] {
  const found: ProcessInfo[] = [];
  for (let i = 0; i < above.length; i++) {
    const info = above[i]!;
    const next = above[i + 1];
    const ours = isTask(info) || isPackageRunner(info) ||
      (isShell(info) && next !== undefined && isPackageRunner(next));
    if (!ours) break;
    found.push(info);
  }
  return found;
}

/** Whether the user asked that the command outlive its terminal. */
export function outlivesTerminal(
  above: readonly ProcessInfo[],
  lastCommand: string | undefined,
): boolean {
  // `deno task` listens to all signals, so what nohup made it ignore shows above it, if anywhere; bash
  // and zsh leave the name of the program that they started.
  return above.some(({ ignoresHangup }) => ignoresHangup) || /(^|\/)nohup$/.test(lastCommand ?? "");
}

/** Which of some processes are gone, or have ended. */
async function anyGone(known: readonly ProcessInfo[]): Promise<boolean> {
  const pids = known.map(({ pid }) => pid);
  const lines = Deno.build.os === "linux"
    ? await outputOf("cat", pids.map((pid) => `/proc/${pid}/stat`))
    : await outputOf("ps", ["-o", "pid=,ppid=,stat=,args=", "-p", pids.join()]);
  const parse = Deno.build.os === "linux" ? parseStat : parsePs;
  const found = lines.trim().split("\n").flatMap((line) => parse(line) ?? []);
  // Our own parent is there as long as it is our parent; if nothing is told, nothing is known.
  if (found.length === 0) return false;
  return known.some(({ pid, began }) =>
    !found.some((info) => info.pid === pid && info.began === began && !info.ended)
  );
}

/** Milliseconds between two looks. */
const everyMs = 2000;

/** Calls back once when a launcher is gone; returns what ends the watch. */
export function watchLaunchers(
  launchers: readonly ProcessInfo[],
  onGone: () => void,
): () => void {
  const parent = Deno.ppid;
  let looking = false;
  const timer = setInterval(async () => {
    if (looking) return;
    looking = true;
    const gone = Deno.ppid !== parent || (launchers.length > 1 && await anyGone(launchers));
    looking = false;
    if (!gone) return;
    clearInterval(timer);
    onGone();
  }, everyMs);
  return () => clearInterval(timer);
}
