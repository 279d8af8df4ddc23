# SPDX-License-Identifier: MIT
# tests/dropin/programs/shell_load.sh: pipes, subshells, redirections, jobs and substitutions, N times.
for ((i = 0; i < $1; i++)); do
    seq "$i" | sort -n | { read -r first; echo "$first $(echo "$i" | cat)" >&3; } 3>&1
    (exec 4< <(echo "$i"); read -r <&4 said; echo "$said")
done
sleep 0.01 & # delay: a job that ends by itself
wait "$!"
echo "status of a job: $?"
trap 'echo "told"' USR1
kill -USR1 $$
echo /proc/self/fd/* | wc -w
