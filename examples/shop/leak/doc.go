// Package leak imitates careless code: it writes secrets into spans, events and logs. Telepod's regional
// Collectors redact them, which the demo shows and the tests verify.
package leak
