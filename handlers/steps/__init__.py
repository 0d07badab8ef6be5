"""The work that several job types share: each step reads, computes, writes and reports."""
