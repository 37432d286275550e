// Package bucket implements [archive.Store] for S3 buckets and for S3-compatible services such as Google Cloud
// Storage with HMAC keys. It lists and reads; it never writes.
package bucket
