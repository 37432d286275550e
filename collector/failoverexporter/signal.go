package failoverexporter

// signal is traces, metrics or logs.
type signal int

const (
	traces signal = iota
	metrics
	logs
	signalCount
)

// String returns the signal's name in URLs, labels and the configuration.
func (s signal) String() string {
	return [...]string{"traces", "metrics", "logs"}[s]
}

func parseSignal(name string) (signal, bool) {
	for s := range signalCount {
		if s.String() == name {
			return s, true
		}
	}
	return 0, false
}
