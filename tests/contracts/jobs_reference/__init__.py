"""An independent model of jobs, claims and committees, in exact integers.

The model is written from the published design, the interfaces and `contracts/DIFFERENCES.md`, never
from the contracts' source. It predicts every amount to the wei, every deadline to the block and
every refusal by its reason.

Three things it is told instead of predicting them, and checks for what the design promises of them:
who a draw picks (somebody eligible, each once, the same for every caller), which stake of a
transcoder was noted (one of the last quarter of the longest dispute), and the last few wei of a
slash that is spread over several locks.
"""
