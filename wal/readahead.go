package wal

// readAhead runs a Scanner's loads in a goroutine. Two runs are in flight: one
// that the caller is consuming and one that is being read and verified.
type readAhead struct {
	runs chan *run     // verified, in order
	free chan *run     // consumed, to be filled again
	stop chan struct{} // closed by close
	done chan struct{} // closed when the goroutine has ended
}

// next returns the next run and gives back the last one.
func (a *readAhead) next(sc *Scanner) *run {
	if a.runs == nil {
		a.runs = make(chan *run, 1)
		a.free = make(chan *run, 3)
		a.stop = make(chan struct{})
		a.done = make(chan struct{})
		a.free <- &run{}
		a.free <- &run{}
		go a.loop(sc)
	} else {
		a.free <- sc.run
	}
	return <-a.runs
}

// loop owns the Scanner's position from its start on; the caller owns run and
// taken. A run's unused bytes are copied before the run can be filled again:
// they belong to the run before, which the caller may be reading.
func (a *readAhead) loop(sc *Scanner) {
	defer close(a.done)
	last := &run{}
	for last.err == nil {
		var into *run
		select {
		case into = <-a.free:
		case <-a.stop:
			return
		}
		sc.load(into, last)
		select {
		case a.runs <- into:
		case <-a.stop:
			return
		}
		last = into
	}
}

func (a *readAhead) close() {
	if a.stop == nil {
		return
	}
	select {
	case <-a.stop:
	default:
		close(a.stop)
	}
	<-a.done
}
