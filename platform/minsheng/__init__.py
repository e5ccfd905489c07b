"""Minsheng 民声: the one desk for what citizens raise by hotline, letter and message board."""
