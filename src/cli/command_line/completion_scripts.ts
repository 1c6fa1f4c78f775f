/**
 * The scripts that shells read to complete the words of micropay.
 */

export const completionScripts = {
  bash: `_micropay() {
  local line path current=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :file | :directory)
        # Slashes after folders, and quotes where a name needs them.
        compopt -o filenames 2> /dev/null
        while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen -A "\${line#:}" -- "$current")
        ;;
      *) COMPREPLY+=("$line") ;;
    esac
  done < <(micropay completion bash "\${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
}
complete -F _micropay micropay
`,
  zsh: `#compdef micropay
_micropay() {
  local line ret=1
  local -a found
  for line in "\${(@f)$(micropay completion zsh "\${(@)words[2,CURRENT]}" 2> /dev/null)}"; do
    case $line in
      :file) _files && ret=0 ;;
      :directory) _files -/ && ret=0 ;;
      ?*) found+=("$line") ;;
    esac
  done
  (( \${#found} )) && _describe micropay found && ret=0
  return ret
}
compdef _micropay micropay
`,
  fish: `function __micropay_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (micropay completion fish $words[2..-1] "$current" 2> /dev/null)
        switch $line
            case :file
                __fish_complete_path "$current"
            case :directory
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c micropay -f -a '(__micropay_complete)'
`,
};
