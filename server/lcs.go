package server

import "github.com/redis-lite/redis-lite/server/resp"

func runLCS(c *Call) {
	s := c.Space()
	a, _, err := s.Get(c.Args[1])
	b, _, err2 := s.Get(c.Args[2])
	if err != nil || err2 != nil {
		c.Failf("The specified keys must contain string values")
		return
	}
	var getLen, getIdx, withLen bool
	var minLen int64
	for i := 3; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "len"):
			getLen = true
		case c.Is(i, "idx"):
			getIdx = true
		case c.Is(i, "withmatchlen"):
			withLen = true
		case c.Is(i, "minmatchlen") && i+1 < len(c.Args):
			n, ok := resp.ParseInt(c.Args[i+1])
			if !ok {
				c.Fail(ErrNotInteger)
				return
			}
			minLen = max(n, 0)
			i++
		default:
			c.Fail(ErrSyntax)
			return
		}
	}
	if getLen && getIdx {
		c.Failf("If you want both the length and indexes, please just use IDX.")
		return
	}
	// The table has cells of four bytes, and may be as large as an argument.
	if 4*uint64(len(a)+1)*uint64(len(b)+1) > uint64(c.Server.opts.Limits.Bulk) {
		c.Failf("Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
		return
	}
	common, runs := longestCommon(a, b)
	switch {
	case getLen:
		c.Int(int64(len(common)))
	case getIdx:
		c.lcsMatches(runs, minLen, withLen, len(common))
	default:
		c.Bulk(common)
	}
}

// lcsRun is a run of bytes that both strings have in common; ends are inclusive.
type lcsRun struct{ aFrom, aTo, bFrom, bTo int }

// longestCommon returns the longest common subsequence and its runs, the last
// first, by the same table and the same choices as Redis makes.
func longestCommon(a, b []byte) (common []byte, runs []lcsRun) {
	w := len(b) + 1
	table := make([]uint32, (len(a)+1)*w)
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			if a[i-1] == b[j-1] {
				table[i*w+j] = table[(i-1)*w+j-1] + 1
			} else {
				table[i*w+j] = max(table[(i-1)*w+j], table[i*w+j-1])
			}
		}
	}
	left := int(table[len(a)*w+len(b)])
	common = make([]byte, left)
	var run *lcsRun
	for i, j := len(a), len(b); i > 0 && j > 0; {
		switch {
		case a[i-1] == b[j-1]:
			left--
			common[left] = a[i-1]
			if run != nil && run.aFrom == i && run.bFrom == j {
				run.aFrom--
				run.bFrom--
			} else {
				runs = append(runs, lcsRun{i - 1, i - 1, j - 1, j - 1})
				run = &runs[len(runs)-1]
			}
			i--
			j--
		case table[(i-1)*w+j] > table[i*w+j-1]:
			i--
		default:
			j--
		}
	}
	return common, runs
}

func (c *Call) lcsMatches(runs []lcsRun, minLen int64, withLen bool, total int) {
	var long []lcsRun
	for _, r := range runs {
		if n := int64(r.aTo - r.aFrom + 1); n >= minLen {
			long = append(long, r)
		}
	}
	c.Map(2)
	c.BulkString("matches")
	c.Array(len(long))
	for _, r := range long {
		if withLen {
			c.Array(3)
		} else {
			c.Array(2)
		}
		c.Array(2)
		c.Int(int64(r.aFrom))
		c.Int(int64(r.aTo))
		c.Array(2)
		c.Int(int64(r.bFrom))
		c.Int(int64(r.bTo))
		if withLen {
			c.Int(int64(r.aTo - r.aFrom + 1))
		}
	}
	c.BulkString("len")
	c.Int(int64(total))
}
