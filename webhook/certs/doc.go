// Package certs keeps the webhook's serving certificate current, and reports its condition.
//
// A [Source] has one of three origins:
//
//   - [SelfManaged] creates the CA and the serving certificate itself, shares them between replicas
//     through one Secret, and keeps caBundle and a secret path in the webhook configurations up to date;
//   - [Files] serves a certificate that another program writes into files;
//   - [CertManager] serves files too, and reads the cert-manager Certificate behind them to explain why
//     one is missing or when it expires.
//
// All three follow the same rules. A handshake costs one atomic load. A valid new certificate is
// served without a restart. An invalid one (unparseable, with another key, expired, for another name) is
// refused: the last valid one stays in use, and [Status] and the log report the problem.
//
// The core of the self-managed mode is one pure function, next in state.go, which advances the CAs and
// the serving certificate. Every replica can run it, and the Secret's resourceVersion resolves
// conflicts, so no leader is needed.
//
// The package does not open sockets and is independent of Prometheus: package webhook serves with
// [Source.GetCertificate], and derives readiness and the series of [Metrics] from [Status].
//
// open-policy-agent/cert-controller is not used: it needs an existing, mounted Secret (which the
// kubelet refreshes late), and it replaces CA and certificate in one step, so calls to replicas that
// still serve the old one fail. controller-runtime's certwatcher is not used: it needs the files at
// startup, and accepts certificates that are expired or for another name.
package certs
