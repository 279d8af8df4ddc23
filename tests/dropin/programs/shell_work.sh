# SPDX-License-Identifier: MIT
# tests/dropin/programs/shell_work.sh: numbers made, sorted, counted and hashed N times, with arithmetic of its own.
for ((i = 0; i < $1; i++)); do
    awk -v n=60000 -v seed="$i" 'BEGIN { srand(seed); for (k = 0; k < n; k++) print int(k * 7919 + seed) % 10007 }' |
        sort -n | uniq -c | sort -rn | sha256sum
    sum=0
    for ((k = 0; k < 30000; k++)); do ((sum = (sum * 31 + k) % 1000003)); done
    echo "$sum"
done
echo /proc/self/fd/* | wc -w
