// Package fanoutconnector is a connector that copies data to several pipelines in an order that keeps one
// branch from hurting the others.
//
// Required branches are asked first: when one of them refuses, the request is refused, and no optional branch
// has seen it, so a retry is not counted or stored twice there. Data that an optional branch refuses is dropped only
// for that branch, counted and logged.
//
// It keeps no data and does not retry: a branch that should wait for its store ends in a sending queue.
package fanoutconnector
