package failoverexporter

// signal is one of the three that OTLP/HTTP carries.
type signal int

const (
	traces signal = iota
	metrics
	logs
	signalCount
)

// String is the signal as URLs, labels and configuration spell it.
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
