// Package certs keeps the webhook's serving certificate current, and reports its condition.
//
// A [Source] has one of three origins:
//
//   - [SelfManaged] makes the CA and the serving certificate itself, shares them between replicas
//     through one Secret, and keeps caBundle and a secret path of the webhook configurations in step;
//   - [Files] serves a certificate that another program writes into files;
//   - [CertManager] serves files too, and reads the cert-manager Certificate behind them to explain why
//     one is missing or when it ends.
//
// All three obey the same rules. A handshake costs one atomic load. A good new certificate is
// served without a restart; a bad one (unparseable, foreign key, expired, wrong name) is refused,
// the last good one stays, and [Status] and the log report it.
//
// The heart of the self-managed mode is one pure function, next in state.go: it moves the CAs and
// the serving certificate forward in time, such that every replica can run it and conflicts are
// settled by the Secret's resourceVersion. There is no leader.
//
// The package does not open sockets and does not know Prometheus: package webhook serves with
// [Source.GetCertificate] and derives readiness and the series of [Metrics] from [Status].
//
// open-policy-agent/cert-controller was not used: it needs a Secret made in advance and mounted
// (which the kubelet refreshes late), and it replaces CA and certificate in one step, so that
// replicas which still serve the old one fail. controller-runtime's certwatcher was not used: it
// needs the files at start, and swaps in certificates that are expired or for another name.
package certs
