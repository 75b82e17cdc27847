"""What the launch needs of SLURM, on this machine: sbatch, squeue, srun and scancel, by the name it is started as.

`install` puts it into a folder for PATH, beside which it keeps what was submitted. It knows arrays, how many of their
tasks may run at a time, logs, and the states that squeue tells of.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

JOBS = Path(__file__).parent / "jobs"


def install(folder: Path) -> dict[str, str]:
    """The variables with which the commands are found."""
    (folder / "jobs").mkdir(parents=True)
    for name in ("sbatch", "squeue", "srun", "scancel"):
        (folder / name).write_text(f"#!{sys.executable}\n{Path(__file__).read_text()}")
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def options(script: str) -> dict[str, str]:
    """Those of a submitted script."""
    return {key: value.strip("'") for key, value in re.findall(r"^#SBATCH --([\w-]+)=?(.*)$", script, re.MULTILINE)}


def sbatch(script):
    asked = options(text := Path(script).read_text())
    if asked.get("partition") == "nowhere":
        sys.exit("sbatch: error: invalid partition specified: nowhere\nsbatch: error: Batch job submission failed")
    number = str(100 + len(list(JOBS.glob("*.sh"))))
    (JOBS / f"{number}.sh").write_text(text)
    first, last, at_once = map(int, re.fullmatch(r"(\d+)-(\d+)%(\d+)", asked.get("array", "0-0%1")).groups())
    for i in range(first, last + 1):
        set_state(number, i, "PENDING")
    print(f"Submitted batch job {number}", flush=True)
    if os.fork() == 0:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        os.dup2(1, 2)
        run(number, range(first, last + 1), at_once, in_array="array" in asked)


def run(number, tasks, at_once, *, in_array):
    waiting, running = list(tasks), {}
    while waiting or running:
        while waiting and len(running) < at_once:
            i = waiting.pop(0)
            if state(number, i) == "PENDING":
                of_task = {"SLURM_JOB_ID": f"{int(number) + i}" if in_array else number, "SLURM_PROCID": "0"}
                if in_array:
                    of_array = {"JOB_ID": number, "TASK_ID": i, "TASK_COUNT": len(tasks), "TASK_MIN": tasks[0]}
                    of_task |= {f"SLURM_ARRAY_{key}": str(value) for key, value in of_array.items()}
                script = ["bash", JOBS / f"{number}.sh"]
                running[i] = subprocess.Popen(script, env={**os.environ, **of_task}, start_new_session=True)
                set_state(number, i, "RUNNING", running[i].pid)
        time.sleep(0.05)
        for i, process in list(running.items()):
            if process.poll() is not None:
                del running[i]
                if state(number, i) == "RUNNING":
                    set_state(number, i, "FAILED" if process.returncode else "COMPLETED")


def srun(*words):
    words = list(words)
    names = {"%A": os.environ.get("SLURM_ARRAY_JOB_ID"), "%a": os.environ.get("SLURM_ARRAY_TASK_ID"), "%t": "0"}
    names["%j"] = f"{names['%A']}_{names['%a']}" if names["%A"] else os.environ["SLURM_JOB_ID"]
    while words[0].startswith("--"):
        if (name := words.pop(0)) in ("--output", "--error"):
            file = re.sub("%[Aajt]", lambda match: names[match[0]], words.pop(0))
            os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1 if name == "--output" else 2)
    os.execvp(words[0], words)


def squeue(*words):
    (number,) = (word.partition("=")[2] for word in words if word.startswith("--jobs="))
    if (JOBS / "away").exists():
        sys.exit("slurm_load_jobs error: Unable to contact slurm controller (connect failure)")
    for file in JOBS.glob(f"{number}_*.json"):
        print(f"{file.stem.partition('_')[2]}|{json.loads(file.read_text())[0]}|None")


def scancel(job):
    number, _, task = job.partition("_")
    for file in JOBS.glob(f"{number}_{task or '*'}.json"):
        was, pid = json.loads(file.read_text())
        set_state(number, file.stem.partition("_")[2], "CANCELLED")
        if was == "RUNNING":
            os.killpg(pid, signal.SIGKILL)


def state(number, task):
    return json.loads((JOBS / f"{number}_{task}.json").read_text())[0]


def set_state(number, task, name, pid=None):
    part = JOBS / f"{number}_{task}.part"
    part.write_text(json.dumps([name, pid]))
    part.replace(JOBS / f"{number}_{task}.json")


if __name__ == "__main__":
    {"sbatch": sbatch, "squeue": squeue, "srun": srun, "scancel": scancel}[Path(sys.argv[0]).name](*sys.argv[1:])
