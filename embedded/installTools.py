"""Installs Python wheels into a directory of their own: installTools.py DIR REQUIREMENT...

Safe to run from any number of processes at once (kernel lock, freed by any death) and after a killed
run (without the marker file the directory is thrown away and made again). Executables land in DIR/bin.
"""

import fcntl
import os
import shutil
import subprocess
import sys

MARKER = "complete"
# Entry points of wheels that are Python code: needed where pip installs without a venv.
ENTRY_POINTS = {
    "secantusd-py": "from secantus.cli import main; import sys; sys.exit(main())",
    "schemathesis": "from schemathesis.cli import schemathesis; schemathesis()",
}


def run(*command, **options):
    """Output goes to our stderr: stdout is free for nothing, so that a caller may read it."""
    return subprocess.run(command, stdout=sys.stderr, close_fds=False, **options).returncode == 0


def has(module):
    return run(sys.executable, "-c", "import " + module, stderr=subprocess.DEVNULL)


def install_venv_package():
    """Debian and Ubuntu ship python3 without ensurepip; root may add it."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "-q", "update", env=env)
    return run("apt-get", "-qy", "install", "--no-install-recommends", "python3-venv", env=env)


def into_venv(directory, requirements):
    python = os.path.join(directory, "bin", "python3")
    return run(sys.executable, "-m", "venv", directory) and run(
        python, "-m", "pip", "install", "--no-input", *requirements
    )


def into_target(directory, requirements):
    """pip without venv: packages beside the scripts, and a wrapper that finds them."""
    site = os.path.join(directory, "site")
    target = ("--no-input", "--target", site)
    if not run(sys.executable, "-m", "pip", "install", *target, *requirements):
        return False
    binaries = os.path.join(directory, "bin")
    os.makedirs(binaries)
    for name in os.listdir(os.path.join(site, "bin")):
        os.rename(os.path.join(site, "bin", name), os.path.join(binaries, name))
    for name, code in ENTRY_POINTS.items():
        path = os.path.join(binaries, name)
        if not os.path.exists(path):
            continue
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!%s\nimport sys; sys.path.insert(0, %r)\n%s\n" % (sys.executable, site, code))
        os.chmod(path, 0o755)
    return True


def install(directory, requirements):
    shutil.rmtree(directory, ignore_errors=True)
    if has("ensurepip, venv") or (not has("pip") and install_venv_package()):
        return into_venv(directory, requirements)
    if has("pip"):
        return into_target(directory, requirements)
    print("python3 has neither venv nor pip: install python3-venv (or python3-pip)", file=sys.stderr)
    return False


def main():
    directory, requirements = os.path.abspath(sys.argv[1]), sys.argv[2:]
    marker = os.path.join(directory, MARKER)
    os.makedirs(os.path.dirname(directory), exist_ok=True)
    with open(directory + ".lock", "w", encoding="utf-8") as lock:
        # Inherited by pip: the lock outlives us as long as an orphaned pip still writes.
        os.set_inheritable(lock.fileno(), True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(marker):
            return 0
        if not install(directory, requirements):
            return 1
        with open(marker + ".new", "w", encoding="utf-8") as file:
            file.write("\n".join(requirements) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.rename(marker + ".new", marker)
    return 0


if __name__ == "__main__":
    sys.exit(main())
