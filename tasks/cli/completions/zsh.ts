import { cloneMark, type Completed, type CompletedVerb, zooWords } from "./model.ts";

/** Text within single quotes. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Text within the brackets of a specification. */
const explained = (text: string) => text.replaceAll(/[\\[\]:]/g, (sign) => `\\${sign}`);

/** What can stand in a place, as \`_arguments\` wants it. */
function action(value: Completed): string {
  switch (value.kind) {
    case "nothing":
      return "";
    case "text":
      return ":value: ";
    case "files":
      return ":file:_files";
    case "words":
      return `:name:(${value.words.map((word) => word.replaceAll(":", "\\:")).join(" ")})`;
    case "runs":
      return `:run:_els_runs ${value.verbs.join(" ")}`;
  }
}

/** The completion script of zsh. */
export function zshCompletion(verbs: readonly CompletedVerb[]): string {
  const cases = verbs.map(({ name, flags, word }) => {
    const specs = flags.map(({ name, help, value }) =>
      // A flag may be joined to its value by "=".
      quoted(`${name}${value.kind === "nothing" ? "" : "="}[${explained(help)}]${action(value)}`)
    );
    const first = word.kind === "nothing" ? [] : [quoted(`1${action(word)}`)];
    return `    ${name})\n      _arguments ${[...specs, ...first].join(" \\\n        ")} ;;`;
  });
  const names = verbs.map(({ name, summary }) => quoted(`${explained(name)}:${summary}`));
  return `#compdef deno
# Completion of the ELS toolkit in zsh. Where Deno's own is loaded too, load this one after it.
typeset -g _els_previous=\${_comps[deno]}
[[ $_els_previous != _els_deno ]] || _els_previous=

_els_runs() {
  local -a names=(latest)
  local verb folder
  for verb in $@; do
    [[ $verb != zoo ]] || names+=(${zooWords.join(" ")})
    for folder in runs/[0-9]*-$verb*(N/); do
      [[ ! -e $folder/config.json ]] || names+=(\${folder#runs/})
    done
  done
  compadd -a names
  _files
}

_els_verb() {
  case $1 in
${cases.join("\n")}
  esac
}

_els_in_clone() {
  local folder=$PWD
  while [[ -n $folder ]]; do
    grep -qs ${quoted(cloneMark)} $folder/deno.json && return 0
    folder=\${folder%/*}
  done
  return 1
}

_els_deno() {
  local -i at=0 i verb=0
  local -a names
  for ((i = 2; i < CURRENT; i++)); do
    case $words[i] in
      task) ((at)) || ! _els_in_clone || at=i ;;
      */toolkit/cli | */toolkit@*/cli | tasks/main.ts | */tasks/main.ts) at=i ;;
      -*) ;;
      *) if ((at)); then verb=i; break; fi ;;
    esac
  done
  if ((verb)); then
    local name=$words[verb]
    words=($words[verb,-1])
    ((CURRENT -= verb - 1))
    _els_verb $name
  elif ((at)); then
    names=(${names.join(" \\\n      ")})
    _describe verb names
  elif [[ -n $_els_previous ]]; then
    $_els_previous "$@"
  fi
}

compdef _els_deno deno`;
}
