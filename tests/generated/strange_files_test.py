#!/usr/bin/env python3
"""Policy sets that can't lie in a repository: what is no file, what can't be read, names that would
change a terminal, folders that contain themselves, files at the bounds and beyond. `check` must say
so, in the right words and at the right place; beside each stands a sound tenant."""

import json
import os
import socket
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FAIRGATE = os.environ.get("FAIRGATE", os.path.join(ROOT, "build/address/fairgate"))
MIB = 1024 * 1024
SOUND = (0, "sound: 1 tenant, 0 policies, 0 warnings\n", "")

HEAD = "apiVersion: fairgate.dev/v1alpha1\nkind: Tenant\nmetadata: {name: research}\n"
TENANT = HEAD + "spec: {namespaces: [research], gpus: {guaranteed: 4}}\n"
# A tenant with a mistake on its fourth line, and how that is told.
WRONG = HEAD.replace("research", "serving") + "spec: {gpus: {guaranteed: many}}\n"
MANY = ('4:27: "guaranteed": expected an amount such as 8, 0.5 or 1/4, got "many"\n'
        "    spec: {gpus: {guaranteed: many}}\n"
        "                              ^\n")
POD = "apiVersion: v1\nkind: Pod\n"  # another API's: it is read as YAML, and passed over


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def call(command="check", *options):
    """(exit status, stdout, stderr) of a call about the folder `set`."""
    done = subprocess.run([FAIRGATE, command, *options, "set"], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def unusable(words, command="check"):
    return (2, "", f"fairgate {command}: {words}\n")


def mistakes(*told):
    plural = "" if len(told) == 1 else "s"
    return (1, "".join(told) + f"{len(told)} mistake{plural}, 0 warnings\n", "")


# ---- what is no file

def a_pipe_is_not_waited_for():
    os.mkfifo("set/x.yaml")
    return call(), unusable("set/x.yaml: not a regular file")


def a_pipe_of_another_name_is_no_matter():
    os.mkfifo("set/x.pipe")
    return call(), SOUND


def a_pipe_named_as_a_test_is_not_waited_for():
    os.mkfifo("set/x.test.yaml")
    return call("test"), unusable("set/x.test.yaml: not a regular file", "test")


def a_socket_is_told():
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("set/x.yml")
        return call(), unusable("set/x.yml: not a regular file")


def a_link_to_a_device_is_told():
    os.symlink("/dev/zero", "set/x.yaml")
    return call(), unusable("set/x.yaml: not a regular file")


def a_link_to_nothing_is_told():
    os.symlink("nowhere", "set/x.yaml")
    return call(), unusable("set/x.yaml: No such file or directory")


def a_link_to_itself_is_told():
    os.symlink("x.yaml", "set/x.yaml")
    return call(), unusable("set/x.yaml: Too many levels of symbolic links")


def what_cannot_be_read_is_told():
    os.symlink("/proc/self/mem", "set/x.yaml")  # root may open it, but nothing is at address 0
    return call(), unusable("set/x.yaml: Input/output error")


def a_link_to_a_file_is_read():
    write("elsewhere/serving", WRONG)
    os.symlink("../elsewhere/serving", "set/x.yaml")
    return call(), mistakes("x.yaml:" + MANY)


# ---- folders

def a_folder_named_as_a_file_is_a_folder():
    write("set/x.yaml/y.yaml", WRONG)
    return call(), mistakes("x.yaml/y.yaml:" + MANY)


def a_folder_that_contains_itself_is_told():
    write("set/a/b/x.yaml", WRONG)
    os.symlink("../..", "set/a/b/again")
    return call(), unusable("set/a/b/again: the folder contains itself, through a link")


def folders_without_end_are_told():
    write("set/" + "d/" * 33 + "x.yaml", WRONG)
    return call(), unusable("set/" + "/".join("d" * 33) + ": more than 32 folders deep")


def as_many_folders_as_may_be_are_read():
    write("set/" + "d/" * 32 + "x.yaml", WRONG)
    return call(), mistakes("d/" * 32 + "x.yaml:" + MANY)


def what_begins_with_a_dot_is_passed_over():
    write("set/.hidden.yaml", WRONG)
    write("set/.git/x.yaml", WRONG)
    os.mkfifo("set/.pipe.yaml")
    return call(), SOUND


def more_files_than_are_read_are_told():
    for i in range(10000):
        write(f"set/{i}.yaml", "")
    return call(), unusable("set: more than 10000 files")


# ---- names

STRANGE = "a\n\x1b[2J\u202eb\u009b.yaml"
STRANGE_SHOWN = "a\\u000a\\u001b[2J\\u202eb\\u009b.yaml"


def a_name_that_would_change_a_terminal_is_shown_harmlessly():
    write("set/" + STRANGE, WRONG)
    return call(), mistakes(STRANGE_SHOWN + ":" + MANY)


def a_name_that_cannot_be_read_is_shown_harmlessly():
    os.symlink("nowhere", "set/" + STRANGE)
    return call(), unusable("set/a??[2J???b??.yaml: No such file or directory")


def a_name_that_is_no_text_is_shown_as_such():
    write(b"set/\xff.yaml".decode("utf-8", "surrogateescape"), WRONG)
    return call(), mistakes("\ufffd.yaml:" + MANY)


def strange_names_are_json():
    write("set/" + STRANGE, WRONG)
    write(b"set/\xff.yaml".decode("utf-8", "surrogateescape"), WRONG.replace("serving", "batch"))
    status, out, err = call("check", "-o", "json")
    return ((status, [row["file"] for row in json.loads(out)["problems"]], err),
            (1, [STRANGE_SHOWN, "\ufffd.yaml"], ""))


def the_name_of_a_test_is_shown_harmlessly():
    write("set/" + STRANGE.replace(".yaml", ".test.yaml"), "a: b: c\n")
    status, out, err = call("test")
    shown = STRANGE_SHOWN.replace(".yaml", ".test.yaml:1:5")
    return (status, out, err.split(": ")[0]), (2, "", shown)


def eval_pod(name, *options):
    os.mkdir("pods")
    write("pods/" + name, POD + "metadata: {name: one}\nspec: {}\n")
    done = subprocess.run([FAIRGATE, "eval", "--policies", "set", *options, "pods"],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def the_name_of_a_manifest_is_shown_harmlessly():
    return eval_pod(STRANGE), (0, f"pods/{STRANGE_SHOWN}: pod default/one: allowed\n", "")


def the_name_of_a_manifest_is_json():
    status, out, err = eval_pod(b"\xff.yaml".decode("utf-8", "surrogateescape"), "--explain",
                                "-o", "json")
    return (status, json.loads(out)["input"], err), (0, "pods/\ufffd.yaml", "")


# ---- sizes

def ten_megabytes_are_read():
    write("set/x.yaml", "# " + "x" * 10 * MIB + "\n" + WRONG)
    return call(), mistakes("x.yaml:" + MANY.replace("4:27", "5:27"))


def ten_megabytes_of_one_text_are_cut_in_messages():
    write("set/x.yaml", HEAD.replace("research", '"' + "x" * 10 * MIB + '"')
          + "spec: {gpus: {guaranteed: 1}}\n")
    name = "\"name\": expected a name of at most 63 lower-case letters, digits, '-' and '.', got "
    return call(), mistakes(f'x.yaml:3:18: {name}"{"x" * 253}..."\n'
                            f'    metadata: {{name: "{"x" * 79}...\n{" " * 21}^\n')


def the_largest_file_is_read():
    text = WRONG.encode()
    write("set/x.yaml", text + b"#" * (16 * MIB - len(text)))
    return call(), mistakes("x.yaml:" + MANY)


def a_byte_more_is_told():
    text = WRONG.encode()
    write("set/x.yaml", text + b"#" * (16 * MIB - len(text) + 1))
    return call(), mistakes("x.yaml: larger than 16 MiB\n")


def an_endless_file_of_holes_is_told():
    write("set/x.yaml", WRONG)
    os.truncate("set/x.yaml", 1024 * 1024 * MIB)
    return call(), mistakes("x.yaml: larger than 16 MiB\n")


# The document's map, its three keys and two values, and the list: seven values and keys.
ITEMS = POD + "items:\n"


def as_many_values_as_may_be_are_read():
    write("set/x.yaml", ITEMS + "- 0\n" * 99993)
    return call(), SOUND


def a_value_more_is_told():
    write("set/x.yaml", ITEMS + "- 0\n" * 99994)
    return call(), mistakes("x.yaml:99997:3: the file has more than 100000 values, keys and aliases\n"
                            "    - 0\n      ^\n")


def thousands_of_mistakes_are_all_told():
    write("set/x.yaml", HEAD.replace("research", "serving") + "spec:\n  gpus: {guaranteed: 4}\n"
          + "".join(f"  field{i}: 1\n" for i in range(20000)))
    status, out, err = call()
    lines = out.splitlines()
    return ((status, len(lines), lines[-4:-2], lines[-1], err),
            (1, 3 * 20000 + 1,
             ['x.yaml:20005:3: unknown field "field19999"; known here: owner, namespaces, gpus, '
              "resources, sharing, priority, fabric", "    field19999: 1"],
             "20000 mistakes, 0 warnings", ""))


def as_many_mistakes_on_one_line_are_all_told():
    write("set/x.yaml", HEAD.replace("research", "serving") + "spec: {gpus: {guaranteed: 4}, "
          + ", ".join(f"field{i}: 1" for i in range(20000)) + "}\n")
    status, out, err = call()
    return (status, out.splitlines()[-1], err), (1, "20000 mistakes, 0 warnings", "")


def deeper_than_anybody_writes_is_told():
    write("set/x.yaml", POD + "x: " + "[" * MIB)
    shown = "x: " + "[" * 94 + "..."
    return call(), mistakes("x.yaml:3:67: lists and maps are nested more than 64 deep\n"
                            f"    {shown}\n{' ' * 70}^\n")


# ---- and a tenant that is sound

def try_one(case):
    with tempfile.TemporaryDirectory(prefix="fairgate-strange-") as folder:
        os.chdir(folder)
        try:
            write("set/good.yaml", TENANT)
            got, wanted = case()
        finally:
            os.chdir(ROOT)
    if got == wanted:
        print(f"ok {case.__name__}", flush=True)
        return True
    print(f"not ok {case.__name__}\nexpected {str(wanted)[:2000]}\ngot      {str(got)[:2000]}",
          flush=True)
    return False


CASES = [
    a_pipe_is_not_waited_for, a_pipe_of_another_name_is_no_matter,
    a_pipe_named_as_a_test_is_not_waited_for, a_socket_is_told, a_link_to_a_device_is_told,
    a_link_to_nothing_is_told, a_link_to_itself_is_told, what_cannot_be_read_is_told,
    a_link_to_a_file_is_read, a_folder_named_as_a_file_is_a_folder,
    a_folder_that_contains_itself_is_told, folders_without_end_are_told,
    as_many_folders_as_may_be_are_read, what_begins_with_a_dot_is_passed_over,
    more_files_than_are_read_are_told, a_name_that_would_change_a_terminal_is_shown_harmlessly,
    a_name_that_cannot_be_read_is_shown_harmlessly, a_name_that_is_no_text_is_shown_as_such,
    strange_names_are_json, the_name_of_a_test_is_shown_harmlessly,
    the_name_of_a_manifest_is_shown_harmlessly, the_name_of_a_manifest_is_json, ten_megabytes_are_read,
    ten_megabytes_of_one_text_are_cut_in_messages, the_largest_file_is_read, a_byte_more_is_told,
    an_endless_file_of_holes_is_told, as_many_values_as_may_be_are_read, a_value_more_is_told,
    thousands_of_mistakes_are_all_told, as_many_mistakes_on_one_line_are_all_told,
    deeper_than_anybody_writes_is_told,
]

if __name__ == "__main__":
    sys.exit(0 if all([try_one(case) for case in CASES]) else 1)
