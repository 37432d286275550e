package certs

import "time"

// The names of the series that package webhook exports.
const (
	MetricReady     = "telepod_certificate_ready"
	MetricReason    = "telepod_certificate_reason"
	MetricNotBefore = "telepod_certificate_not_before_timestamp_seconds"
	MetricExpiry    = "telepod_certificate_expiry_timestamp_seconds"
	MetricRenewal   = "telepod_certificate_renewal_timestamp_seconds"
	MetricCAExpiry  = "telepod_certificate_ca_expiry_timestamp_seconds"
	MetricRotations = "telepod_certificate_rotations_total"
)

// Metric is one series of a status.
type Metric struct {
	Name, Help string
	// Counter is true for counters, false for gauges.
	Counter bool
	// Reason is the value of the label "reason"; empty if the metric has no label.
	Reason Reason
	Value  float64
}

// Metrics converts a status to series. The label "reason" has the values of Reasons. An unknown time is left
// out, so alerts do not fire because of the year 1970.
func Metrics(s Status) []Metric {
	ms := []Metric{
		{Name: MetricReady, Help: "1 if the server has a certificate that the API server accepts.", Value: truth(s.Ready)},
		{Name: MetricRotations, Help: "Number of times the serving certificate was replaced.", Counter: true, Value: float64(s.Rotations)},
	}
	for _, r := range Reasons() {
		ms = append(ms, Metric{
			Name: MetricReason, Help: "State of the serving certificate: 1 for the current reason.",
			Reason: r, Value: truth(r == s.Reason),
		})
	}
	for _, t := range []struct {
		name, help string
		at         time.Time
	}{
		{MetricNotBefore, "Start of validity of the serving certificate.", s.NotBefore},
		{MetricExpiry, "End of validity of the serving certificate.", s.NotAfter},
		{MetricRenewal, "When the serving certificate is due for renewal.", s.RenewAt},
		{MetricCAExpiry, "End of validity of the newest certificate authority.", newest(s.CAs)},
	} {
		if !t.at.IsZero() {
			ms = append(ms, Metric{Name: t.name, Help: t.help, Value: float64(t.at.Unix())})
		}
	}
	return ms
}

func newest(cas []CA) time.Time {
	if len(cas) == 0 {
		return time.Time{}
	}
	return cas[0].NotAfter
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
