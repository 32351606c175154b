/** A real Slurm for tests: controller and one node on this machine, in a folder of its own. */
import { fromFileUrl, join } from "@std/path";

const script = fromFileUrl(new URL("./one_node_slurm.sh", import.meta.url));

const programs = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel"];

/** Folders of programs for root, which need not be on the PATH of tests. */
const path = `${Deno.env.get("PATH")}:/usr/sbin:/sbin`;

function there(program: string): boolean {
  return path.split(":").some((folder) => {
    try {
      return Deno.statSync(join(folder, program)).isFile;
    } catch {
      return false;
    }
  });
}

/** Why there can be no Slurm here; undefined where there can. */
export function whyNoSlurm(): string | undefined {
  if (Deno.build.os !== "linux") return `Slurm is for Linux, this is ${Deno.build.os}`;
  const missing = programs.filter((program) => !there(program));
  if (missing.length > 0) return `not installed: ${missing.join(", ")}`;
  const { stdout } = new Deno.Command("sh", { args: ["-c", "id -u"] }).outputSync();
  const user = new TextDecoder().decode(stdout).trim();
  return user === "0" ? undefined : "not root, whom slurmd runs as";
}

/** A port that nobody listens at. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

async function run(...words: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: [script, ...words],
    env: { PATH: path },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(text.trim());
  return text;
}

/**
 * Lends a fresh Slurm, to which this process's sbatch, squeue and scancel speak meanwhile.
 *
 * @param use Gets a folder for what the test writes.
 */
export async function withSlurm(use: (folder: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "slurm-" });
  const slurm = join(root, "slurm");
  const before = Deno.env.get("SLURM_CONF");
  await Deno.mkdir(slurm);
  try {
    try {
      await run("start", slurm, String(freePort()), String(freePort()));
    } catch (error) {
      // Whether daemons may run is a matter of the machine, as in a container without /sys.
      console.log(`skipped: Slurm does not start here: ${(error as Error).message}`);
      return;
    }
    Deno.env.set("SLURM_CONF", join(slurm, "slurm.conf"));
    const work = join(root, "it's a $test");
    await Deno.mkdir(work);
    await use(work);
  } finally {
    await run("stop", slurm);
    if (before === undefined) Deno.env.delete("SLURM_CONF");
    else Deno.env.set("SLURM_CONF", before);
    await Deno.remove(root, { recursive: true }).catch(() => {});
  }
}

/** Prints how many other processes it killed: a shell may read what Deno asks all permissions for. */
const killing = `
killed=0
for process in /proc/[0-9]*; do
  id=\${process#/proc/}
  [ "$id" = $$ ] && continue
  line=$(tr '\\0' ' ' <"$process/cmdline" 2>/dev/null)
  for word do
    case $line in *"$word"*) ;; *) continue 2 ;; esac
  done
  kill -9 "$id" && killed=$((killed + 1))
done
echo "$killed"
`;

/** Kills the processes whose command line names all of some words, as a power cut would. */
export async function killAll(words: readonly string[]): Promise<number> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", killing, "sh", ...words] })
    .output();
  return Number(new TextDecoder().decode(stdout));
}

/** Waits until something holds. */
export async function until(
  what: string,
  holds: () => Promise<boolean>,
  seconds = 240,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!await holds()) {
    if (performance.now() > end) throw new Error(`waited ${seconds} s for: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
