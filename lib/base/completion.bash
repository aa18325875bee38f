# The part of every tool's bash completion that does the work; it is printed in front of what is the tool's own. It needs
# nothing beside bash 4.4. Arguments of _matinee_complete: "KIND|SEPARATOR|WORDS" of the words that are not options, then
# for each option "--LONG|-SHORT|KIND|SEPARATOR|WORDS|HELP", then --. KIND is flag, any, optional (any, or none), words,
# files (WORDS: suffixes) or folders.

# The words up to the cursor as the user sees them, in `words`: bash also splits at = and :.
_matinee_words() {
  local rest=${COMP_LINE:0:COMP_POINT} word trimmed i
  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    trimmed=${rest#"${rest%%[![:space:]]*}"}
    word=${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || word=$trimmed
    if ((i > 0)) && [[ -n $rest && $trimmed == "$rest" ]]; then words[-1]+=$word; else words+=("$word"); fi
    rest=${trimmed#"$word"}
  done
}

# _matinee_offer BEFORE VALUE WORD...: offers the words that continue VALUE, with BEFORE in front. What bash has split off
# at = and : stays.
_matinee_offer() {
  local before=$1 value=$2 word cut
  shift 2
  cut=${before//[!=:]/}
  cut=${cut:+${before%"${before##*[=:]}"}}
  for word; do
    if [[ $word == "$value"* ]]; then COMPREPLY+=("${before#"$cut"}$word"); fi
  done
}

# _matinee_value VALUE KIND SEPARATOR WORDS
_matinee_value() {
  local value=$1 kind=$2 separator=$3 before='' word suffix
  local -a found=() fitting=() words
  read -ra words <<<"$4"
  if [[ -n $separator ]]; then
    compopt -o nospace
    if [[ $value == *"$separator"* ]]; then
      before=${value%"$separator"*}$separator
      value=${value##*"$separator"}
    fi
  fi
  case $kind in
    words)
      for word in "${words[@]}"; do
        if [[ -z $separator || $separator$before != *"$separator$word$separator"* ]]; then found+=("$word"); fi
        if [[ $word == *: ]]; then compopt -o nospace; fi
      done
      _matinee_offer "$before" "$value" "${found[@]}"
      ;;
    folders) compopt -o dirnames ;;
    files)
      if [[ -z $before && -z $4 ]]; then compopt -o default; return; fi
      value=${value#[\"\']}
      mapfile -t found < <(compgen -f -- "${value//\\/}")
      for word in "${found[@]}"; do
        if [[ -d ${word/#\~/$HOME} ]]; then fitting+=("$word/"); continue; fi
        [[ -n $4 ]] || fitting+=("$word")
        for suffix in "${words[@]}"; do
          if [[ $word == *"$suffix" ]]; then fitting+=("$word"); break; fi
        done
      done
      # Files of other names can be right, too.
      if ((${#fitting[@]} == 0)); then fitting=("${found[@]}"); fi
      compopt -o filenames
      if [[ ${fitting[*]} == */ ]]; then compopt -o nospace; fi
      _matinee_offer "$before" "" "${fitting[@]}"
      ;;
  esac
}

# Options that begin with CURRENT; with their help where bash lists several.
_matinee_options() {
  local current=$1 names short kind separator list help width=0 i
  local -a helps=()
  shift
  for option; do
    IFS='|' read -r names short kind separator list help <<<"$option"
    [[ $names == "$current"* ]] || continue
    # Given before, and not a list.
    if [[ -z $separator && " ${words[*]:1:${#words[@]}-2} " == *" $names"[\ =]* ]]; then continue; fi
    COMPREPLY+=("$names")
    helps+=("$help")
    if ((${#names} > width)); then width=${#names}; fi
  done
  if ((${#COMPREPLY[@]} > 1)) && [[ $COMP_TYPE == 63 || $COMP_TYPE == 33 || $COMP_TYPE == 64 ]]; then
    for i in "${!COMPREPLY[@]}"; do
      printf -v names '%-*s  %s' "$width" "${COMPREPLY[i]}" "${helps[i]}"
      COMPREPLY[i]=${names:0:${COLUMNS:-80}-3}
    done
  fi
}

_matinee_complete() {
  local positional=$1 option names short kind separator list help current previous
  local -a words
  shift
  COMPREPLY=()
  _matinee_words
  current=${words[-1]} previous=${words[-2]}
  if [[ " ${words[*]:0:${#words[@]}-1} " != *" -- "* ]]; then
    for option; do
      IFS='|' read -r names short kind separator list help <<<"$option"
      [[ $kind != flag && -n $names && ($kind != optional || $current != -*) ]] || continue
      if [[ $previous == "$names" || -n $short && $previous == "$short" ]]; then
        _matinee_value "$current" "$kind" "$separator" "$list"
        return
      elif [[ $current == "$names="* ]]; then
        _matinee_value "${current#*=}" "$kind" "$separator" "$list"
        return
      fi
    done
    if [[ $current == -* ]]; then
      _matinee_options "$current" "${@:1:$#-1}"
      return
    fi
  fi
  IFS='|' read -r kind separator list <<<"$positional"
  _matinee_value "$current" "$kind" "$separator" "$list"
}
