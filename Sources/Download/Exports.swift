// The modules whose types appear in the interface of this one, so that one import is enough.

@_exported public import Metainfo
@_exported public import Primitives
@_exported public import Storage
@_exported public import Tracker
