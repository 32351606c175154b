/** What the linker has to be told: the driver's folder, and libraries that pack.sh carried. */
import { basename, join } from "@std/path";
import { answerOf } from "./program.ts";

/** Where NVIDIA's driver was seen where the linker does not look. */
const driverFolders = [
  "/usr/local/nvidia/lib64",
  "/usr/local/nvidia/lib",
  "/usr/lib64/nvidia",
  "/usr/lib/x86_64-linux-gnu/nvidia/current",
  "/run/opengl-driver/lib",
];
const driverLibraries = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0", "libcuda.so.1"];

/** Where libraries lie on a system without ldconfig. */
const systemFolders = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"];

/** A box as the search for libraries sees it; tests make up their own. */
export interface LibraryBox {
  /** Names of the libraries that the linker finds by itself. */
  readonly found: ReadonlySet<string>;
  /** Whether there is a file. */
  readonly exists: (path: string) => boolean;
  /** Paths of carried libraries, `lib*.so.N`. */
  readonly carried: readonly string[];
}

/** What the linker has to be told. */
export interface LibraryPlan {
  /** Folders of drivers, for PyTorch too. */
  readonly drivers: readonly string[];
  /** Carried libraries that the system lacks. */
  readonly carried: readonly string[];
  /** Whether the Vulkan loader can then be loaded. */
  readonly hasLoader: boolean;
}

/** Decides what the linker has to be told. */
export function planLibraries({ found, exists, carried }: LibraryBox): LibraryPlan {
  const known = new Set(found);
  const drivers = driverFolders.filter((folder) => {
    const missing = driverLibraries.filter((name) =>
      !known.has(name) && exists(join(folder, name))
    );
    for (const name of missing) known.add(name);
    return missing.length > 0;
  });
  const wanted = carried.filter((path) => !known.has(basename(path)));
  for (const path of wanted) known.add(basename(path));
  return { drivers, carried: wanted, hasLoader: known.has("libvulkan.so.1") };
}

/** Names of libraries in what `ldconfig -p` prints. */
export function parseLdconfig(text: string): string[] {
  return [...text.matchAll(/^\s+(\S+) \(.*=>/gm)].map(([, name]) => name!);
}

function namesIn(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(folder), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return [];
    }
    throw error;
  }
}

/** Names of the libraries that the linker finds. */
async function linkable(): Promise<Set<string>> {
  const folders = (Deno.env.get("LD_LIBRARY_PATH") ?? "").split(":").filter(Boolean);
  const listed = await answerOf(["ldconfig", "-p"], { seconds: 30 });
  const system = listed?.code === 0
    ? parseLdconfig(listed.out)
    : systemFolders.flatMap((folder) => [
      ...namesIn(folder),
      ...namesIn(folder).flatMap((name) => namesIn(join(folder, name))),
    ]);
  return new Set([...folders.flatMap(namesIn), ...system]);
}

/** Libraries that an unpacked archive carries. */
function carriedIn(runtime: string | undefined): string[] {
  if (runtime === undefined) return [];
  const root = join(runtime, "vulkan/usr/lib");
  return namesIn(root).flatMap((folder) =>
    namesIn(join(root, folder)).filter((name) => /^lib[^/]*\.so\.\d+$/.test(name))
      .map((name) => join(root, folder, name))
  );
}

/** The linker's path for our processes, and for PyTorch's. */
export interface LibraryPaths {
  readonly ours: string;
  readonly python: string;
  readonly plan: LibraryPlan;
}

/**
 * Finds libraries and links the carried ones into a folder, since one on the linker's path comes before
 * the system's own.
 */
export async function prepareLibraries(
  links: string,
  { runtime }: { readonly runtime: string | undefined },
): Promise<LibraryPaths> {
  const plan = planLibraries({
    found: await linkable(),
    exists: (path) => namesIn(join(path, "..")).includes(basename(path)),
    carried: carriedIn(runtime),
  });
  await Deno.remove(links, { recursive: true }).catch(() => {});
  await Deno.mkdir(links, { recursive: true });
  for (const path of plan.carried) await Deno.symlink(path, join(links, basename(path)));
  const before = (Deno.env.get("LD_LIBRARY_PATH") ?? "").split(":");
  const python = [...before, ...plan.drivers].filter(Boolean).join(":");
  const ours = [plan.carried.length > 0 ? links : "", python].filter(Boolean).join(":");
  return { ours, python, plan };
}
