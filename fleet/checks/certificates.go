package checks

import (
	"maps"
	"path"
	"slices"
	"time"

	"github.com/telepod/telepod/fleet"
)

// siteCertificateSoon is the remaining lifetime below which a certificate between region and site gets a warning:
// cert-manager renews them well before. The alert TelepodSiteCertificateExpires uses the same value.
const siteCertificateSoon = 14 * 24 * time.Hour

// certificates judges the certificates between regions and sites, as reported by the Collectors.
func (s Snapshot) certificates(r *report) {
	r.check(codeCertificates)
	for _, end := range []struct {
		of        string
		instances []fleet.Instance
	}{{"the regional Collectors", s.Collectors.Value.Instances}, {"the central site", s.Central.Value.Instances}} {
		expiry := map[string]time.Time{}
		for _, i := range end.instances {
			for labels, v := range i.Metrics.Each("otelcol_certificate_expiry_timestamp_seconds") {
				file, at := path.Base(labels["file"]), time.Unix(int64(v), 0)
				if first, found := expiry[file]; !found || at.Before(first) {
					expiry[file] = at
				}
			}
		}
		for _, file := range slices.Sorted(maps.Keys(expiry)) {
			s.certificate(r, file, end.of, expiry[file])
		}
	}
}

func (s Snapshot) certificate(r *report, file, of string, end time.Time) {
	const renew = "renew it: docs/operations.md#telepodsitecertificateexpires"
	what := map[string]string{"tls.crt": "the certificate", "ca.crt": "the authority that sites are trusted by", "client-ca.crt": "the authority that regions are trusted by"}[file]
	if what == "" {
		what = file
	}
	left := end.Sub(s.Now)
	switch {
	case left <= 0:
		r.add(Failed, renew, "%s of %s expired on %s (%s)", what, of, end.UTC().Format(time.DateOnly), file)
	case left < siteCertificateSoon:
		r.add(Warning, renew, "%s of %s expires in %s (%s)", what, of, fleet.Count(int(left/(24*time.Hour)), "day"), file)
	default:
		r.ok("%s of %s is valid for %s", what, of, fleet.Count(int(left/(24*time.Hour)), "day"))
	}
}
