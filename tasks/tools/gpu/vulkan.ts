/**
 * Which Vulkan driver a box has, and whether it works, asked of the driver and the loader themselves:
 * WebGPU only says that it found no adapter.
 *
 * @module
 */
import { dirname, join } from "@std/path";

/** The description of a driver that the Vulkan loader reads (`nvidia_icd.json`). */
export interface DriverDescription {
  readonly path: string;
  /** The driver's library, a name for the linker or a path. */
  readonly library: string;
}

/** Where descriptions of drivers lie: first where the loader looks by itself, then where else they were seen. */
export const driverFolders: {
  readonly usual: readonly string[];
  readonly other: readonly string[];
} = {
  usual: ["/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/usr/share/vulkan/icd.d"],
  other: [
    "/usr/local/nvidia/share/vulkan/icd.d",
    "/usr/local/nvidia/vulkan/icd.d",
    "/usr/local/nvidia/icd.d",
    "/opt/nvidia/share/vulkan/icd.d",
    "/run/opengl-driver/share/vulkan/icd.d",
  ],
};

/** What NVIDIA's driver calls its Vulkan; the second does without X11. */
const nvidiaLibraries = ["libGLX_nvidia.so.0", "libEGL_nvidia.so.0"] as const;

/** Reads descriptions of drivers: files, or all in a folder. What is missing or damaged is left out. */
export async function readDescriptions(paths: readonly string[]): Promise<DriverDescription[]> {
  const found: DriverDescription[] = [];
  for (const path of paths) {
    try {
      const { isDirectory } = await Deno.stat(path);
      if (isDirectory) {
        const names = Array.from(Deno.readDirSync(path), ({ name }) => name);
        const files = names.filter((name) => name.endsWith(".json")).sort();
        found.push(...await readDescriptions(files.map((name) => join(path, name))));
        continue;
      }
      const library = JSON.parse(await Deno.readTextFile(path))?.ICD?.library_path;
      if (typeof library !== "string") continue;
      // As the loader does: what has a slash is relative to the description.
      const relative = library.includes("/") && !library.startsWith("/");
      found.push({ path, library: relative ? join(dirname(path), library) : library });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
  }
  return found;
}

/** A driver to try. */
export interface DriverCandidate {
  /** For the loader's `VK_DRIVER_FILES`; absent: it finds what it needs by itself. */
  readonly files?: string;
  /** The library of a description that has to be written first, to `files`. */
  readonly write?: string;
}

/**
 * Drivers to try, in order. Where there is NVIDIA's, it is the only one, so that no software adapter
 * beside it is taken; what keeps it from loading is repaired: a description that lies elsewhere or is
 * missing, X11 libraries that are.
 *
 * @param options.usual Descriptions that the loader finds by itself.
 * @param options.other Descriptions that it does not find.
 * @param options.load Loads a library; its complaint, or undefined if it loads.
 * @param options.own Where a description of our own may be written.
 * @param options.say Told what is about to be loaded, without an end of line, and then what came of it.
 */
export function driverCandidates({ usual, other, load, own, say }: {
  readonly usual: readonly DriverDescription[];
  readonly other: readonly DriverDescription[];
  readonly load: (library: string) => string | undefined;
  readonly own: string;
  readonly say: (text: string) => void;
}): readonly DriverCandidate[] {
  const loads = ({ path, library }: DriverDescription): boolean => {
    say(`${path}: ${library} `);
    const complaint = load(library);
    say(complaint ? `does not load: ${complaint}\n` : "loads\n");
    return complaint === undefined;
  };
  const nvidia = [...usual, ...other].filter(({ library }) => library.includes("nvidia"));
  const candidates: DriverCandidate[] = nvidia.filter(loads).map(({ path }) => ({ files: path }));
  for (const library of nvidiaLibraries) {
    if (nvidia.some((description) => description.library === library)) continue;
    const complaint = load(library);
    if (complaint === undefined) candidates.push({ files: own, write: library });
    // That there is no NVIDIA driver is news only where something says that there should be one.
    if (complaint === undefined || nvidia.length > 0) {
      say(`${library}, undescribed, ${complaint ? `does not load: ${complaint}` : "loads"}\n`);
    }
  }
  if (candidates.length > 0 || nvidia.length > 0) return candidates;
  if (usual.length > 0) {
    usual.forEach(loads);
    return [{}];
  }
  const files = other.filter(loads).map(({ path }) => path);
  if (other.length === 0) say("no description of a driver was found\n");
  return [files.length > 0 ? { files: files.join(":") } : {}];
}

/** Text of a description that names a library. */
export function descriptionOf(library: string): string {
  const ICD = { library_path: library, api_version: "1.3.0" };
  return JSON.stringify({ file_format_version: "1.0.0", ICD }, null, 2) + "\n";
}

/** The linker's complaint about a library; undefined if it loads. */
export function complaintAbout(library: string): string | undefined {
  try {
    Deno.dlopen(library, {});
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.message.replaceAll("Could not open library: ", "");
  }
}

/** A device of Vulkan. */
export interface VulkanDevice {
  readonly name: string;
  readonly kind: string;
  readonly api: string;
}

const deviceKinds = ["other", "integrated GPU", "GPU", "virtual GPU", "software"];
const versionText = (version: number): string =>
  `${version >>> 22}.${(version >>> 12) & 1023}.${version & 4095}`;

/** Codes of VkResult that beginning can end with. */
const vulkanErrors: Readonly<Record<number, string>> = {
  [-1]: "out of host memory",
  [-2]: "out of device memory",
  [-3]: "initialization failed",
  [-4]: "device lost",
  [-7]: "a wanted extension is missing",
  [-9]: "no driver that works was found",
};

/**
 * Asks the Vulkan loader for its devices.
 *
 * @returns Version and devices, or in one line what fails.
 */
export function vulkanDevices(): { version: string; devices: VulkanDevice[] } | string {
  const complaint = complaintAbout("libvulkan.so.1");
  if (complaint) return `the loader does not load: ${complaint}`;
  const { symbols } = Deno.dlopen("libvulkan.so.1", {
    vkEnumerateInstanceVersion: { parameters: ["buffer"], result: "i32" },
    vkCreateInstance: { parameters: ["buffer", "pointer", "buffer"], result: "i32" },
    vkEnumeratePhysicalDevices: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
    vkGetPhysicalDeviceProperties: { parameters: ["pointer", "buffer"], result: "void" },
    vkDestroyInstance: { parameters: ["pointer", "pointer"], result: "void" },
  });
  const why = (code: number) => vulkanErrors[code] ?? `error ${code}`;
  const version = new Uint32Array(1);
  symbols.vkEnumerateInstanceVersion(version);
  // VkInstanceCreateInfo with all but sType (1) zero: no layers, no extensions.
  const created = new BigUint64Array(1);
  const code = symbols.vkCreateInstance(
    BigUint64Array.of(1n, 0n, 0n, 0n, 0n, 0n, 0n, 0n),
    null,
    created,
  );
  if (code !== 0) return `Vulkan does not begin: ${why(code)}`;
  const instance = Deno.UnsafePointer.create(created[0]!);
  try {
    const count = new Uint32Array(1);
    const counted = symbols.vkEnumeratePhysicalDevices(instance, count, null);
    if (counted !== 0) return `Vulkan lists no devices: ${why(counted)}`;
    const handles = new BigUint64Array(count[0]!);
    symbols.vkEnumeratePhysicalDevices(instance, count, handles);
    const devices = Array.from(handles, (handle) => {
      // VkPhysicalDeviceProperties: apiVersion at 0, deviceType at 16, deviceName at 20.
      const bytes = new Uint8Array(4096);
      symbols.vkGetPhysicalDeviceProperties(Deno.UnsafePointer.create(handle), bytes);
      const view = new DataView(bytes.buffer);
      return {
        name: new TextDecoder().decode(bytes.subarray(20, bytes.indexOf(0, 20))),
        kind: deviceKinds[view.getUint32(16, true)] ?? "other",
        api: versionText(view.getUint32(0, true)),
      };
    });
    return { version: versionText(version[0]!), devices };
  } finally {
    symbols.vkDestroyInstance(instance, null);
  }
}
