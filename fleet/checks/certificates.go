package checks

import (
	"maps"
	"path"
	"slices"
	"time"

	"github.com/telepod/telepod/fleet"
)

// siteCertificateSoon is the remaining lifetime below which a certificate between region and site gets a warning:
// cert-manager renews certificates well before. The alert TelepodSiteCertificateExpires uses the same value.
const siteCertificateSoon = 14 * 24 * time.Hour

// certificates judges the certificates between regions and sites, as reported by the Collectors.
func (s Snapshot) certificates(r *report) {
	r.check(codeCertificates)
	for _, end := range []struct {
		owner     string
		instances []fleet.Instance
	}{{"the regional Collectors'", s.Collectors.Value.Instances}, {"the central site's", s.Central.Value.Instances}} {
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
			s.certificate(r, file, end.owner, expiry[file])
		}
	}
}

func (s Snapshot) certificate(r *report, file, owner string, end time.Time) {
	const renew = "renew it: docs/operations.md#telepodsitecertificateexpires"
	what := map[string]string{"tls.crt": "certificate", "ca.crt": "CA for sites", "client-ca.crt": "CA for regions"}[file]
	if what == "" {
		what = file
	}
	left := end.Sub(s.Now)
	switch {
	case left <= 0:
		r.add(Failed, renew, "%s %s expired on %s (%s)", owner, what, end.UTC().Format(time.DateOnly), file)
	case left < siteCertificateSoon:
		r.add(Warning, renew, "%s %s expires in %s (%s)", owner, what, fleet.Count(int(left/(24*time.Hour)), "day"), file)
	default:
		r.ok("%s %s is valid for %s", owner, what, fleet.Count(int(left/(24*time.Hour)), "day"))
	}
}
