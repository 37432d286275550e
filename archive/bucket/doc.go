// Package bucket is an archive's store: a bucket of S3, or of a service with its protocol, such as Google
// Cloud Storage with HMAC keys. It lists and reads; it never writes.
package bucket
