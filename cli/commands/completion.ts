import { Argument, type Command } from 'commander';

import { FILES } from '../complete.js';
import type { CommandContext } from '../program.js';

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# plinth completion for bash: source <(plinth completion bash)
_plinth() {
  local word=\${COMP_WORDS[COMP_CWORD]} line
  COMPREPLY=()
  # A word with a colon or an equals sign is several words to bash: plinth puts them together again.
  while IFS= read -r line; do
    COMPREPLY+=("$line")
  done < <(plinth __complete "\${COMP_WORDS[@]:1:COMP_CWORD-1}" "$word" 2>/dev/null)
  if [ "\${COMPREPLY[*]}" = ${FILES} ]; then
    compopt -o filenames
    COMPREPLY=()
    while IFS= read -r line; do
      COMPREPLY+=("$line")
    done < <(compgen -f -- "$word")
  fi
}
complete -F _plinth plinth
`,
  zsh: `#compdef plinth
# plinth completion for zsh: source <(plinth completion zsh)
_plinth() {
  local -a found
  found=("\${(@f)$(plinth __complete "\${(@)words[2,CURRENT-1]}" "\${words[CURRENT]}" 2>/dev/null)}")
  if [[ "$found" = ${FILES} ]]; then
    _files
    return
  fi
  found=(\${found:#})
  compadd -a found
}
compdef _plinth plinth
`,
  fish: `# plinth completion for fish: plinth completion fish | source
function __plinth_complete
  set -l words (commandline -opc)
  set -l found (plinth __complete $words[2..-1] (commandline -ct) 2>/dev/null)
  if test "$found" = ${FILES}
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $found
  end
end
complete -c plinth -f -a '(__plinth_complete)'
`,
};

export function completionCommand(program: Command, context: CommandContext): void {
  program
    .command('completion')
    .description('a script that completes commands, options and names')
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .action((shell: string) => {
      const script = SCRIPTS[shell];
      if (script !== undefined) context.out(script.trimEnd());
    });
}
