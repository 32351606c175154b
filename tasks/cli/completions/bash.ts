import { cloneMark, type Completed, type CompletedVerb, zooWords } from "./model.ts";

/** Bash that sets COMPREPLY to what can stand in a place. */
function reply(value: Completed): string {
  switch (value.kind) {
    case "nothing":
    case "text":
      return "COMPREPLY=()";
    case "files":
      return 'COMPREPLY=($(compgen -f -- "$cur"))';
    case "words":
      return `COMPREPLY=($(compgen -W '${value.words.join(" ")}' -- "$cur"))`;
    case "runs":
      return `_els_runs '${value.verbs.join(" ")}'`;
  }
}

/** The completion script of bash. */
export function bashCompletion(verbs: readonly CompletedVerb[]): string {
  const cases = verbs.map(({ name, flags, word }) => {
    const byReply = Map.groupBy(
      flags.filter(({ value }) => value.kind !== "nothing"),
      ({ value }) => reply(value),
    );
    const values = [...byReply].map(([does, flags]) =>
      `        ${flags.map(({ name }) => name).join(" | ")}) ${does}; return ;;`
    );
    return [
      `    ${name})`,
      '      case "$prev" in',
      ...values,
      "      esac",
      `      case "$cur" in`,
      `        -*) COMPREPLY=($(compgen -W '${
        flags.map(({ name }) => name).join(" ")
      }' -- "$cur")) ;;`,
      `        *) ${reply(word)} ;;`,
      "      esac ;;",
    ].join("\n");
  });
  return `# Completion of the ELS toolkit in bash. Where Deno's own is loaded too, load this one after it.
_els_previous=$(complete -p deno 2>/dev/null | sed -n 's/.* -F \\([^ ]*\\) .*/\\1/p')
[ "$_els_previous" != _els_deno ] || _els_previous=

_els_runs() {
  local names=latest verb folder
  for verb in $1; do
    [ "$verb" != zoo ] || names="$names ${zooWords.join(" ")}"
    for folder in runs/[0-9]*-"$verb"*; do
      [ ! -e "$folder/config.json" ] || names="$names \${folder#runs/}"
    done
  done
  COMPREPLY=($(compgen -W "$names" -- "$cur") $(compgen -f -- "$cur"))
}

_els_verb() {
  case "$1" in
    '') COMPREPLY=($(compgen -W '${
    verbs.map(({ name }) => name).join(" ")
  } --help --version' -- "$cur")) ;;
${cases.join("\n")}
  esac
}

_els_in_clone() {
  local folder=$PWD
  while [ -n "$folder" ]; do
    grep -qs '${cloneMark}' "$folder/deno.json" && return 0
    folder=\${folder%/*}
  done
  return 1
}

_els_deno() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before=$((COMP_CWORD - 1)) prev verb= at=0 zoo= i
  # Bash takes ":" and "=" for words: zoo:name is three of them, and so is --flag=val.
  if [ "$cur" = : ] && [ "\${COMP_WORDS[before]}" = zoo ]; then
    zoo=zoo: cur=zoo: before=$((before - 1))
  elif [ "\${COMP_WORDS[before]}" = : ] && [ "\${COMP_WORDS[before-1]}" = zoo ]; then
    zoo=zoo: cur=zoo:$cur before=$((before - 2))
  fi
  if [ "$cur" = = ]; then cur=
  elif [ "\${COMP_WORDS[before]}" = = ]; then before=$((before - 1)); fi
  prev=\${COMP_WORDS[before]}
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      task) [ $at -ne 0 ] || ! _els_in_clone || at=$i ;;
      */toolkit/cli | */toolkit@*/cli | tasks/main.ts | */tasks/main.ts) at=$i ;;
      -*) ;;
      *) [ $at -eq 0 ] || { verb=\${COMP_WORDS[i]}; break; } ;;
    esac
  done
  if [ $at -gt 0 ]; then _els_verb "$verb"
  elif [ -n "$_els_previous" ]; then "$_els_previous" "$@"
  else COMPREPLY=(); fi
  # Bash keeps what stands before the last of its words.
  [ -z "$zoo" ] || COMPREPLY=("\${COMPREPLY[@]#"$zoo"}")
}

complete -o default -F _els_deno deno`;
}
