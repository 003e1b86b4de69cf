/* Completion scripts for bash and zsh, from the table of commands. Both shells share one function in shell that
 * prints the candidates for a command line; what differs is how the shell hands the line over. */
#include "engine/base/attribute.h"
#include "tools/atp/cli.h"

#include <stdio.h>
#include <string.h>

/* "a|b|c" as "a b c", without a "..." at the end. */
static void print_choices(FILE *out, const char *choices)
{
    for (const char *at = choices; *at != '\0' && *at != '.'; at++) {
        (void)fputc(*at == '|' ? ' ' : *at, out);
    }
}

static void print_flag_names(FILE *out, const atp_flag_t *flags)
{
    for (const atp_flag_t *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        (void)fprintf(out, " --%s", flag->name);
    }
}

static void print_first_words(FILE *out)
{
    const char *last = "";

    for (unsigned i = 0; atp_cmds[i] != NULL; i++) {
        size_t size = strcspn(atp_cmds[i]->name, " ");
        if (strncmp(last, atp_cmds[i]->name, size) != 0 || last[size] != ' ') {
            (void)fprintf(out, " %.*s", (int)size, atp_cmds[i]->name);
        }
        last = atp_cmds[i]->name;
    }
}

/* The length of "sku" in "sku put"; 0 for a command of one word. */
static size_t family_size(const char *name)
{
    const char *space = strchr(name, ' ');

    return space != NULL ? (size_t)(space - name) : 0;
}

/* True for the first command of its family. */
static bool begins_family(unsigned i)
{
    const char *name = atp_cmds[i]->name;
    size_t size = family_size(name);

    for (unsigned k = 0; k < i && size > 0; k++) {
        if (family_size(atp_cmds[k]->name) == size && strncmp(atp_cmds[k]->name, name, size) == 0) {
            return false;
        }
    }
    return size > 0;
}

/* "sku|node|channel": the first words that need a second. */
static void print_families(FILE *out)
{
    const char *bar = "";

    for (unsigned i = 0; atp_cmds[i] != NULL; i++) {
        if (begins_family(i)) {
            (void)fprintf(out, "%s%.*s", bar, (int)family_size(atp_cmds[i]->name), atp_cmds[i]->name);
            bar = "|";
        }
    }
}

static void print_second_words(FILE *out)
{
    (void)fputs("  case \"$cmd\" in\n", out);
    for (unsigned i = 0; atp_cmds[i] != NULL; i++) {
        size_t size = family_size(atp_cmds[i]->name);
        if (!begins_family(i)) {
            continue;
        }
        (void)fprintf(out, "    %.*s) echo \"", (int)size, atp_cmds[i]->name);
        for (unsigned k = i; atp_cmds[k] != NULL; k++) {
            if (family_size(atp_cmds[k]->name) == size &&
                strncmp(atp_cmds[k]->name, atp_cmds[i]->name, size) == 0) {
                (void)fprintf(out, "%s%s", k > i ? " " : "", atp_cmds[k]->name + size + 1);
            }
        }
        (void)fputs("\"; return ;;\n", out);
    }
    (void)fputs("  esac\n", out);
}

/* "node= method=ship method=pickup" for each key that a kind takes. */
static void print_keys(FILE *out, unsigned kind)
{
    for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
        const atp_attribute_rule_t *rule = atp_attribute_rule(key);
        atp_text_t word;
        if (atp_attribute_takes(kind, key) == 0) {
            continue;
        }
        if (rule->type != ATP_ATTRIBUTE_CHOICE) {
            (void)fprintf(out, " %s=", rule->name);
            continue;
        }
        for (int64_t i = 0; atp_attribute_word(rule, i, &word); i++) {
            (void)fprintf(out, " %s=%.*s", rule->name, (int)word.size, word.bytes);
        }
    }
}

/* What `put` puts: each kind's own keys after its name. */
static void print_put(FILE *out)
{
    (void)fputs("  if [ \"$cmd\" = put ] && [ \"$previous\" = --with ]; then\n    case \"$kind\" in\n", out);
    for (unsigned kind = ATP_FIRST_CLIENT_KIND; kind < ATP_OP_KIND_LIMIT; kind++) {
        if (atp_command_is_plain(kind)) {
            (void)fprintf(out, "      %s) echo \"", atp_op_kind_name(kind));
            print_keys(out, kind);
            (void)fputs("\" ;;\n", out);
        }
    }
    (void)fputs("      *) ;;\n    esac\n    return\n  fi\n", out);
}

static void print_put_kinds(FILE *out)
{
    for (unsigned kind = ATP_FIRST_CLIENT_KIND; kind < ATP_OP_KIND_LIMIT; kind++) {
        if (atp_command_is_plain(kind)) {
            (void)fprintf(out, " %s", atp_op_kind_name(kind));
        }
    }
}

/* What may follow a flag: its choices, a file, or nothing that we know. */
static void print_flag_values(FILE *out, const atp_cmd_t *cmd)
{
    for (const atp_flag_t *flag = cmd->flags; flag != NULL && flag->name != NULL; flag++) {
        if (flag->value == NULL) {
            continue;
        }
        (void)fprintf(out, "    '%s/--%s') echo \"", cmd->name, flag->name);
        if (flag->choices != NULL) {
            print_choices(out, flag->choices);
        } else if (strcmp(flag->name, "with") == 0) {
            print_keys(out, cmd->kind);
        }
        (void)fprintf(out, "%s\"; return ;;\n",
                      strcmp(flag->value, "FILE") == 0 || strcmp(flag->value, "PROFILE") == 0 ? " @files"
                                                                                              : "");
    }
}

static void print_candidates(FILE *out)
{
    (void)fputs("# Prints the candidates after the words $2... of which the last before the cursor is $1;\n"
                "# \"@files\" among them stands for file names.\n"
                "_atp_candidates() {\n"
                "  local previous=\"$1\" cmd= words=0 word skip= kind=\n"
                "  shift\n"
                "  for word in \"$@\"; do\n"
                "    if [ -n \"$skip\" ]; then skip=; continue; fi\n"
                "    case \"$word\" in\n"
                "      --url|--events-url|--client|--token|--timeout) skip=1 ;;\n"
                "      -*) ;;\n"
                "      *) case \"$cmd\" in\n"
                "           '') cmd=\"$word\" ;;\n"
                "           ",
                out);
    print_families(out);
    (void)fputs(") cmd=\"$cmd $word\" ;;\n"
                "           *) words=$((words + 1)); [ -n \"$kind\" ] || kind=\"$word\" ;;\n"
                "         esac ;;\n"
                "    esac\n"
                "  done\n"
                "  case \"$previous\" in\n"
                "    --url|--events-url|--client|--token|--timeout) return ;;\n"
                "  esac\n",
                out);
    print_put(out);
    (void)fputs("  case \"$cmd/$previous\" in\n", out);
    for (unsigned i = 0; atp_cmds[i] != NULL; i++) {
        print_flag_values(out, atp_cmds[i]);
    }
    (void)fputs("  esac\n", out);
    print_second_words(out);
    (void)fputs("  case \"$cmd\" in\n    '') echo \"", out);
    print_first_words(out);
    (void)fputs("\" ;;\n", out);
    for (unsigned i = 0; atp_cmds[i] != NULL; i++) {
        const atp_cmd_t *cmd = atp_cmds[i];
        (void)fprintf(out, "    '%s') ", cmd->name);
        bool is_put = strcmp(cmd->name, "put") == 0;
        if (cmd->choices != NULL || is_put) {
            (void)fputs("[ \"$words\" -gt 0 ] || echo \"", out);
            if (is_put) {
                print_put_kinds(out);
            } else {
                print_choices(out, cmd->choices);
            }
            (void)fputs("\"; ", out);
        }
        (void)fputs("echo \"", out);
        print_flag_names(out, cmd->flags);
        (void)fputs(strcmp(cmd->name, "load") == 0 ? " @files\" ;;\n" : "\" ;;\n", out);
    }
    (void)fputs("  esac\n  echo \"", out);
    print_flag_names(out, atp_global_flags);
    (void)fputs("\"\n}\n", out);
}

void atp_complete_print_bash(FILE *out)
{
    (void)fputs("# Completion of atp for bash: source <(atp completion bash)\n", out);
    print_candidates(out);
    (void)fputs("_atp() {\n"
                "  local current=\"${COMP_WORDS[COMP_CWORD]}\" all\n"
                "  all=\" $(_atp_candidates \"${COMP_WORDS[COMP_CWORD-1]}\" "
                "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\" | tr '\\n' ' ') \"\n"
                "  if [[ $all == *\" @files \"* && $current != -* ]]; then\n"
                "    compopt -o filenames 2>/dev/null\n"
                "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
                "    all=${all/ @files / }\n"
                "  fi\n"
                "  [[ $current == -* ]] || all=$(printf '%s\\n' $all | grep -v '^-')\n"
                "  mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -W \"$all\" -- \"$current\")\n"
                "  [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null\n"
                "  return 0\n"
                "}\n"
                "complete -F _atp atp\n",
                out);
}

void atp_complete_print_zsh(FILE *out)
{
    (void)fputs("#compdef atp\n# Completion of atp for zsh: source <(atp completion zsh)\n", out);
    print_candidates(out);
    (void)fputs("_atp() {\n"
                "  local -a all\n"
                "  all=(${=\"$(_atp_candidates \"${words[CURRENT-1]}\" \"${(@)words[2,CURRENT-1]}\" | tr "
                "'\\n' ' ')\"})\n"
                "  if (( ${all[(I)@files]} )); then\n"
                "    all=(${all:#@files})\n"
                "    [[ $PREFIX == -* ]] || _files\n"
                "  fi\n"
                "  [[ $PREFIX == -* ]] || all=(${all:#-*})\n"
                "  compadd -- $all\n"
                "}\n"
                "(( $+functions[compdef] )) && compdef _atp atp\n",
                out);
}
