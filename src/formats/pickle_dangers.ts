/** Which names of a pickle would run code, or touch files and the network, where Python loads it. */

/** Modules of which every function may do so. */
const modules = new Set(
  ("os posix nt subprocess _posixsubprocess sys shutil socket _socket socketserver ssl http urllib " +
    "urllib2 requests httpx ftplib smtplib telnetlib xmlrpc webbrowser pty popen2 commands platform " +
    "importlib imp pkgutil runpy code codeop compileall py_compile timeit trace pdb bdb cProfile profile " +
    "doctest idlelib pip setuptools distutils venv ensurepip ctypes _ctypes cffi pickle _pickle cPickle " +
    "dill cloudpickle joblib marshal shelve dbm multiprocessing asyncio _thread signal gc inspect " +
    "atexit sqlite3 tempfile io _io glob fileinput zipimport site").split(" "),
);

/** Functions of other modules. */
const functions = new Set([
  ...("eval exec execfile compile open file input raw_input __import__ getattr setattr delattr globals " +
    "locals vars breakpoint apply reload").split(" ")
    .flatMap((name) => [`builtins.${name}`, `__builtin__.${name}`]),
  ...["operator.attrgetter", "operator.methodcaller", "types.FunctionType", "types.CodeType"],
  ...["codecs.open", "pathlib.Path.open", "torch.load", "numpy.load", "pandas.read_pickle"],
]);

/** Parts of other packages. */
const packages = [
  "torch.hub.",
  "torch.serialization.",
  "torch.utils.cpp_extension.",
  "torch.distributed.rpc.",
  "torch.package.",
  "torch.jit.",
  "numpy.f2py.",
  "numpy.testing.",
];

/** Whether calling what a name stands for may run code of the file's choice or touch the machine. */
export function isDangerous(name: string): boolean {
  // A dotted name reaches through a harmless module into others: "torch.serialization.os.system".
  const [first, ...rest] = name.split(".", 32);
  return modules.has(first!) || functions.has(name) ||
    packages.some((start) => name.startsWith(start)) ||
    rest.slice(0, -1).some((part) => part === "os" || part === "sys" || part === "subprocess") ||
    rest.some((part) => /^__(globals|builtins|code|class|subclasses|reduce\w*)__$/.test(part));
}
